/** One limit of a RateLimitPolicy. */
import type {
  RateLimitPolicyLimit,
  RateLimitPolicyLimitKey,
  RateLimitPolicySpec,
} from '../../../gatewayapi/generated/types.ts';
import type { Allowance, LimitKeyPart, LimitMatch, RateLimit } from '../../../ir/rate-limit.ts';
import { parseDurationMs } from '../../../lib/duration.ts';
import type { Fault } from '../../faults/fault.ts';
import type { MeasureRegex } from '../../graph/match.ts';
import { policyValue } from '../faults.ts';
import { cidrFaults, headerConditionFaults, headerConditions } from '../request-conditions.ts';

/** A limit but for the policy that it is from. */
export type LimitSettings = Omit<RateLimit, 'id' | 'policy'>;

const TOO_MANY_REQUESTS = 429;
const MAX_KEYS = 100_000;
const V4_BITS = 32;
const V6_BITS = 64;

const FIELDS = { Standard: 'standard', Legacy: 'legacy', None: 'none' } as const;

/** null: an exemption, or a limit with faults. */
export function readLimit(limit: RateLimitPolicyLimit, policy: RateLimitPolicySpec): LimitSettings | null {
  const allowance = allowanceOf(limit);
  if (allowance === null) return null;
  const { name, scope = 'Gateway', key = [], match = {}, response = {} } = limit;
  const { mode = 'Enforce', maxKeys = MAX_KEYS } = policy;
  return {
    name,
    mode: mode === 'Audit' ? 'audit' : 'enforce',
    allowance,
    scope: scope === 'Proxy' ? 'proxy' : 'gateway',
    key: key.flatMap((part) => readKeyPart(part) ?? []),
    match: readMatch(match),
    status: response.status ?? TOO_MANY_REQUESTS,
    headers: FIELDS[response.headers ?? 'Standard'],
    maxKeys,
  };
}

function allowanceOf({ requests, period, burst, inFlight }: RateLimitPolicyLimit): Allowance | null {
  if (inFlight !== undefined) return { kind: 'in-flight', requests: inFlight };
  if (requests === undefined || period === undefined) return null;
  return { kind: 'rate', requests, periodMs: parseDurationMs(period) ?? 0, burst: burst ?? requests };
}

/** null: it names nothing. */
function readKeyPart(part: RateLimitPolicyLimitKey): LimitKeyPart | null {
  const { clientIP, header, cookie, claim, apiClient, method, rule } = part;
  if (clientIP !== undefined)
    return { kind: 'client-ip', v4: clientIP.v4 ?? V4_BITS, v6: clientIP.v6 ?? V6_BITS };
  if (header !== undefined) return { kind: 'header', name: header.toLowerCase() };
  if (cookie !== undefined) return { kind: 'cookie', name: cookie };
  if (claim !== undefined) return { kind: 'claim', name: claim };
  if (apiClient === true) return { kind: 'api-client' };
  if (method === true) return { kind: 'method' };
  return rule === true ? { kind: 'rule' } : null;
}

const readMatch = ({
  methods = [],
  headers = [],
  notCIDRs = [],
}: NonNullable<RateLimitPolicyLimit['match']>): LimitMatch => ({
  methods,
  headers: headerConditions(headers),
  notCidrs: notCIDRs,
});

/** Checks that the schema cannot express, or that it lacked when the object was stored. `path`: of the limit. */
export function limitFaults(
  limit: RateLimitPolicyLimit,
  path: string,
  measureRegex: MeasureRegex,
): readonly Fault[] {
  const { period, key = [], exempt, match: { headers = [], notCIDRs = [] } = {} } = limit;
  const isLimitOrExemption = (allowanceOf(limit) === null) === (exempt === true);
  const hasPeriod = period === undefined || (parseDurationMs(period) ?? 0) > 0;
  return [
    ...(isLimitOrExemption ? [] : [policyValue(path, 'set one of requests, inFlight and exempt.')]),
    ...key.flatMap((part, index) => {
      const at = `${path}.key[${String(index)}]`;
      return readKeyPart(part) === null ? [policyValue(at, 'set one of the fields of a key.')] : [];
    }),
    ...(hasPeriod ? [] : [policyValue(`${path}.period`, 'a period is a duration above zero, such as 1m.')]),
    ...headerConditionFaults(headers, `${path}.match.headers`, measureRegex),
    ...cidrFaults(notCIDRs, `${path}.match.notCIDRs`),
  ];
}
