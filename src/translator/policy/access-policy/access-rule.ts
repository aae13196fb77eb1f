/** One rule of an AccessPolicy. */
import type { AccessPolicyRule } from '../../../gatewayapi/generated/types.ts';
import type { AccessRule, PrincipalCondition } from '../../../ir/access.ts';
import type { Fault } from '../../faults/fault.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { policyValue } from '../faults.ts';
import { cidrFaults, headerConditionFaults, headerConditions } from '../request-conditions.ts';
import { readCidrList } from './cidr-list.ts';

export interface RuleReading {
  /** Only to be used without faults. */
  readonly rule: AccessRule;
  readonly faults: readonly Fault[];
  readonly referenceFaults: readonly Fault[];
}

/** `path`: field path of the rule. */
export function readRule(spec: AccessPolicyRule, path: string, context: ReferenceContext): RuleReading {
  const { name, methods = null, headers = [], principal } = spec;
  const addresses = readAddresses(spec, path, context);
  const rule: AccessRule = {
    name,
    clientCidrs: addresses.cidrs,
    methods,
    headers: headerConditions(headers),
    principal: principal === undefined ? null : readPrincipal(principal),
  };
  return {
    rule,
    faults: [
      ...addresses.faults,
      ...headerConditionFaults(headers, `${path}.headers`, context.options.measureRegex),
      ...conditionFaults(spec, path),
    ],
    referenceFaults: addresses.referenceFaults,
  };
}

interface Addresses {
  readonly cidrs: readonly string[] | null;
  readonly faults: readonly Fault[];
  readonly referenceFaults: readonly Fault[];
}

function readAddresses(
  { clientCIDRs, cidrsFrom }: AccessPolicyRule,
  path: string,
  context: ReferenceContext,
): Addresses {
  const own = clientCIDRs ?? [];
  const faults = cidrFaults(own, `${path}.clientCIDRs`);
  const lists = (cidrsFrom ?? []).map(({ configMapRef }, index) =>
    readCidrList(configMapRef, `${path}.cidrsFrom[${String(index)}].configMapRef`, context),
  );
  const read = lists.flatMap((list) => (list.ok ? [list.value] : []));
  const referenceFaults = lists.flatMap((list) => (list.ok ? [] : [list.failure]));
  const isAbsent = clientCIDRs === undefined && cidrsFrom === undefined;
  return { cidrs: isAbsent ? null : joined([own, ...read]), faults, referenceFaults };
}

/** One list alone stays the same array, so that policies and rules that share it share it in the configuration. */
function joined(lists: readonly (readonly string[])[]): readonly string[] {
  const filled = lists.filter(({ length }) => length > 0);
  return filled.length === 1 ? (filled[0] ?? []) : filled.flat();
}

/** Without a condition a rule would match every request: an Allow would be open. */
function conditionFaults(spec: AccessPolicyRule, path: string): readonly Fault[] {
  const { clientCIDRs, cidrsFrom, methods, headers, principal } = spec;
  const hasAny = [clientCIDRs, cidrsFrom, methods, headers, principal].some((field) => field !== undefined);
  return hasAny ? [] : [policyValue(path, 'a rule needs a condition.')];
}

const readPrincipal = ({
  authenticated = true,
  users,
  claims = [],
}: NonNullable<AccessPolicyRule['principal']>): PrincipalCondition => ({
  authenticated,
  users: users ?? null,
  claims: claims.map(({ name, values }) => ({ name, values })),
});
