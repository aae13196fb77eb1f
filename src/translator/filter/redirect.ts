import type { HTTPRouteRuleFilterRequestRedirect } from '../../gatewayapi/generated/types.ts';
import type { Fault } from '../faults/fault.ts';
import { valueUnsupported } from '../faults/route-faults.ts';
import type { FilterKind } from './filter-kind.ts';
import { lowerPath, validatePath } from './path-modifier.ts';

const SCHEMES: readonly string[] = ['http', 'https'];
const STATUS_CODES: readonly number[] = [301, 302, 303, 307, 308];

export const redirect: FilterKind<HTTPRouteRuleFilterRequestRedirect> = {
  type: 'RequestRedirect',
  field: 'requestRedirect',
  incompatibleWith: ['URLRewrite'],
  answersRequests: true,

  validate: (settings, place) => {
    const faults: Fault[] = [...validatePath(settings.path, place)];
    const { scheme, statusCode } = settings;
    if (scheme !== undefined && !SCHEMES.includes(scheme)) {
      faults.push(valueUnsupported(`${place.path}.scheme`, scheme, SCHEMES));
    }
    if (statusCode !== undefined && !STATUS_CODES.includes(statusCode)) {
      const allowed = STATUS_CODES.map(String);
      faults.push(valueUnsupported(`${place.path}.statusCode`, String(statusCode), allowed));
    }
    return faults;
  },

  lower: ({ scheme, hostname, path, port, statusCode }) => ({
    kind: 'redirect',
    scheme: scheme ?? null,
    hostname: hostname ?? null,
    path: lowerPath(path),
    port: port ?? null,
    status: statusCode ?? 302,
  }),
};
