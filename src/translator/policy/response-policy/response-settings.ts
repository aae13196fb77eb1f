/** The settings of ResponsePolicy, their merge, and their value for the data plane. */
import type { ResponsePolicySpec } from '../../../gatewayapi/generated/types.ts';
import type { ContentBody } from '../../../ir/filter.ts';
import type { ErrorPage, Maintenance, ResponseHeaders, ResponseSettings } from '../../../ir/response.ts';
import type { Measured } from '../../measures.ts';
import type { OverridingSettings, SettingField } from '../policy-settings.ts';

/** Durations, by path below `spec`. */
export const RESPONSE_UNITS = { 'hsts.maxAge': 'duration', 'maintenance.retryAfter': 'duration' } as const;

type Read = Measured<
  Pick<ResponsePolicySpec, 'headers' | 'hsts' | 'maintenance'>,
  keyof typeof RESPONSE_UNITS
>;

/** As in the object, with its durations and bodies read. */
export interface ResponsePolicySettings extends Pick<Read, 'headers' | 'hsts'> {
  readonly errors?: readonly ErrorPage[];
  readonly maintenance?: MaintenanceSettings;
}

export type ReadMaintenance = NonNullable<Read['maintenance']>;

export interface MaintenanceSettings extends Omit<ReadMaintenance, 'body'> {
  /** One body: a list is merged as one field, so that its text and its type come from one policy. */
  readonly body?: readonly [ContentBody];
}

export const A_YEAR_MS = 31_536_000_000;
const FIVE_MINUTES_MS = 300_000;

const field = (fallback: string, unit: SettingField['unit'] = 'plain'): SettingField => ({
  fallback,
  unit,
  protocols: ['http1', 'h2'],
});

const RESPONSE_FIELDS: Readonly<Record<string, SettingField>> = {
  'headers.set': field('[]'),
  'headers.add': field('[]'),
  'headers.remove': field('[]'),
  'headers.setIfAbsent': field('[]'),
  'hsts.maxAge': field('8760h', 'duration'),
  'hsts.includeSubDomains': field('false'),
  'hsts.preload': field('false'),
  errors: field('[]'),
  'maintenance.enabled': field('false'),
  'maintenance.retryAfter': field('5m', 'duration'),
  'maintenance.exceptCIDRs': field('[]'),
  'maintenance.body': field('the text of the reason'),
};

export const RESPONSE_SETTINGS: OverridingSettings<ResponsePolicySettings> = {
  merge: 'override-fields',
  name: 'response',
  carriers: ['listener', 'rule', 'backend'],
  actsOnFailures: true,
  fields: RESPONSE_FIELDS,
  lower: lowerResponse,
};

/** null: it changes nothing. */
function lowerResponse(settings: ResponsePolicySettings): ResponseSettings | null {
  const { errors = [] } = settings;
  const headers = lowerHeaders(settings.headers ?? {});
  const hsts = settings.hsts === undefined ? null : lowerHsts(settings.hsts);
  const maintenance = lowerMaintenance(settings.maintenance ?? {});
  const isNothing =
    headers.set.length + headers.add.length + headers.remove.length + headers.setIfAbsent.length === 0 &&
    hsts === null &&
    errors.length === 0 &&
    maintenance === null;
  return isNothing ? null : { headers, hsts, errorPages: errors, maintenance };
}

const lowerHeaders = ({
  set = [],
  add = [],
  remove = [],
  setIfAbsent = [],
}: NonNullable<ResponsePolicySettings['headers']>): ResponseHeaders => ({
  set,
  add,
  remove: remove.map((name) => name.toLowerCase()),
  setIfAbsent,
});

const secondsOf = (ms: number): number => Math.floor(ms / 1_000);

/** RFC 6797 section 6.1. */
function lowerHsts({
  maxAge = A_YEAR_MS,
  includeSubDomains = false,
  preload = false,
}: NonNullable<ResponsePolicySettings['hsts']>): string {
  const directives = [
    `max-age=${String(secondsOf(maxAge))}`,
    ...(includeSubDomains ? ['includeSubDomains'] : []),
    ...(preload ? ['preload'] : []),
  ];
  return directives.join('; ');
}

function lowerMaintenance({
  enabled = false,
  retryAfter = FIVE_MINUTES_MS,
  exceptCIDRs = [],
  body,
}: MaintenanceSettings): Maintenance | null {
  if (!enabled) return null;
  return {
    retryAfterSeconds: secondsOf(retryAfter),
    exceptCidrs: exceptCIDRs,
    body: body?.[0] ?? null,
  };
}
