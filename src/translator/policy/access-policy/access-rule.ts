/** One rule of an AccessPolicy. */
import type { AccessPolicyRule } from '../../../gatewayapi/generated/types.ts';
import type { AccessRule, PrincipalCondition } from '../../../ir/access.ts';
import type { HeaderMatch } from '../../../ir/match.ts';
import { cidrError } from '../../../lib/cidr.ts';
import type { Fault } from '../../faults/fault.ts';
import { regexInvalid } from '../../faults/route-faults.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { policyValue } from '../faults.ts';
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
    headers: headers.map(({ name: header, type = 'Exact', value }): HeaderMatch => ({
      name: header.toLowerCase(),
      value: type === 'RegularExpression' ? { kind: 'regex', pattern: value } : { kind: 'exact', value },
    })),
    principal: principal === undefined ? null : readPrincipal(principal),
  };
  return {
    rule,
    faults: [...addresses.faults, ...headerFaults(headers, path, context), ...conditionFaults(spec, path)],
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
  const faults = own.flatMap((cidr, index) => {
    const error = cidrError(cidr);
    return error === null ? [] : [policyValue(`${path}.clientCIDRs[${String(index)}]`, error)];
  });
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

function headerFaults(
  headers: NonNullable<AccessPolicyRule['headers']>,
  path: string,
  { options }: ReferenceContext,
): readonly Fault[] {
  return headers.flatMap(({ type, value }, index) => {
    const why = type === 'RegularExpression' ? options.measureRegex(value) : 0;
    return typeof why === 'string'
      ? [regexInvalid(`${path}.headers[${String(index)}].value`, value, why)]
      : [];
  });
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
