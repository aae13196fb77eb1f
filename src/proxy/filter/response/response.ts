/** ResponsePolicies: one definition for each stage at which they act. */
import { REASONS, type ReasonCode } from '../../../ir/reason.ts';
import type { ResponseSettings, ResponseValue } from '../../../ir/response.ts';
import type { FilterDefinition, FilterParts } from '../definition.ts';
import { DefaultFields, defaultEdit } from './default-headers.ts';
import { ErrorPages, KEEP_ACCEPT } from './error-pages.ts';
import { MaintenanceAnswer } from './maintenance.ts';

const KIND = 'response';

/** A closer policy was merged into the value of a backend. */
const PRECEDENCE = 'backend';

export const ERROR_PAGES: FilterDefinition<ResponseValue> = {
  kind: KIND,
  stages: { request: 'preferences', response: 'error-page' },
  precedence: PRECEDENCE,
  actsFor: ({ settings }) => settings.errorPages.length > 0,
  compile: ({ settings: { errorPages, maintenance } }): FilterParts => {
    const configured: ReasonCode[] = ['direct_response'];
    if (maintenance !== null && maintenance.body !== null) configured.push('maintenance');
    const response = new ErrorPages(errorPages, new Set(configured));
    return errorPages.some(({ accept }) => accept !== null)
      ? { request: KEEP_ACCEPT, response }
      : { response };
  },
  describe: ({ settings }) => `responses: ${describeSettings(settings)}`,
};

export const MAINTENANCE: FilterDefinition<ResponseValue> = {
  ...ERROR_PAGES,
  stages: { request: 'access' },
  actsFor: ({ settings }) => settings.maintenance !== null,
  compile: ({ settings: { maintenance } }) =>
    maintenance === null ? {} : { request: new MaintenanceAnswer(maintenance) },
  outcome({ settings: { maintenance } }, { isPreflight }) {
    if (maintenance === null || isPreflight) return null;
    const { status } = REASONS.maintenance;
    const served = maintenance.exceptCidrs;
    const summary = `${String(status)} maintenance${served.length === 0 ? '' : `, but for clients of ${served.join(', ')}`}`;
    return { outcome: 'refuse', status, reason: 'maintenance', summary };
  },
};

export const DEFAULT_HEADERS: FilterDefinition<ResponseValue> = {
  ...ERROR_PAGES,
  stages: { response: 'response-headers' },
  actsFor: ({ settings: { headers, hsts } }) => hsts !== null || hasEdits(headers),
  compile({ settings: { headers, hsts } }) {
    const edit = defaultEdit(headers, hsts);
    const isStatic = hsts === null && headers.setIfAbsent.length === 0;
    return {
      ...(edit === null ? {} : { responseEdit: edit }),
      ...(isStatic ? {} : { response: new DefaultFields(headers.setIfAbsent, hsts) }),
    };
  },
};

const hasEdits = ({ set, add, remove, setIfAbsent }: ResponseSettings['headers']): boolean =>
  set.length + add.length + remove.length + setIfAbsent.length > 0;

function describeSettings({ headers, hsts, errorPages, maintenance }: ResponseSettings): string {
  const names = [
    ...headers.set.map(({ name }) => `set ${name}`),
    ...headers.add.map(({ name }) => `add ${name}`),
    ...headers.remove.map((name) => `remove ${name}`),
    ...headers.setIfAbsent.map(({ name }) => `set ${name} if absent`),
  ];
  const parts = [
    ...names,
    ...(hsts === null ? [] : [`HSTS ${hsts}`]),
    ...errorPages.map(
      ({ statuses, reasons }) => `page for ${[...(statuses ?? []), ...(reasons ?? [])].join(', ')}`,
    ),
    ...(maintenance === null ? [] : ['maintenance']),
  ];
  return parts.join('; ');
}
