/**
 * AccessPolicies as filters. A policy acts as early as its rules allow: at stage `access` by address, method and header; at stage
 * `authorization`, after authentication, if a rule needs the principal. At each stage every Deny comes before every Allow.
 */
import type { AccessPolicyIr, AccessSettings, AccessValue } from '../../../ir/access.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import type { FilterDefinition, FilterParts } from '../definition.ts';
import { ConnectionAccess } from './connection-access.ts';
import { CompiledAccessPolicy } from './access-policy.ts';

const KIND = 'access';

const describe = ({ settings }: AccessValue): string =>
  `access policies: ${String(settings.policies.length)}`;

/** `allows only office, staff`. */
function effectOf({ action, mode, rules }: AccessPolicyIr): string {
  const verb = action === 'deny' ? 'denies' : 'allows only';
  const effect = `${verb} ${rules.map(({ name }) => name).join(', ')}`;
  return mode === 'audit' ? `${effect} (audit: refuses nothing)` : effect;
}

export const ACCESS: FilterDefinition<AccessValue> = {
  kind: KIND,
  stages: { request: 'access' },
  precedence: 'both',
  actsFor: ({ settings }) => beforeAuthentication(settings).length > 0,
  compile: ({ settings }, deps) => partsOf(beforeAuthentication(settings), deps),
  protection: {
    line: 'access',
    explain: ({ settings }) =>
      settings.policies.map((one) => ({ policy: one.policy, level: one.level, effect: effectOf(one) })),
  },
  connection: {
    stage: 'connection-access',
    compile: ({ settings }, deps) => new ConnectionAccess(settings, deps),
  },
  describe,
};

export const AUTHORIZATION: FilterDefinition<AccessValue> = {
  kind: KIND,
  precedence: 'both',
  describe,
  stages: { request: 'authorization' },
  actsFor: ({ settings }) => afterAuthentication(settings).length > 0,
  compile: ({ settings }, deps) => partsOf(afterAuthentication(settings), deps),
};

const needsPrincipal = ({ rules }: AccessPolicyIr): boolean =>
  rules.some(({ principal }) => principal !== null);

/** A Deny splits into its rules without and with a principal; an Allow does not: any of its rules may let a request through. */
const beforeAuthentication = ({ policies }: AccessSettings): readonly AccessPolicyIr[] =>
  policies.flatMap((policy) =>
    policy.action === 'allow'
      ? needsPrincipal(policy)
        ? []
        : [policy]
      : withRules(policy, ({ principal }) => principal === null),
  );

const afterAuthentication = ({ policies }: AccessSettings): readonly AccessPolicyIr[] =>
  policies
    .filter(needsPrincipal)
    .flatMap((policy) =>
      policy.action === 'allow' ? [policy] : withRules(policy, ({ principal }) => principal !== null),
    );

function withRules(
  policy: AccessPolicyIr,
  isWanted: (rule: AccessPolicyIr['rules'][number]) => boolean,
): readonly AccessPolicyIr[] {
  const rules = policy.rules.filter(isWanted);
  return rules.length === 0 ? [] : [{ ...policy, rules }];
}

function partsOf(
  policies: readonly AccessPolicyIr[],
  deps: Parameters<typeof ACCESS.compile>[1],
): FilterParts {
  if (policies.length === 0) return {};
  const ordered = [
    ...policies.filter(({ action }) => action === 'deny'),
    ...policies.filter(({ action }) => action === 'allow'),
  ];
  return { request: new AccessFilter(ordered.map((policy) => new CompiledAccessPolicy(policy, deps))) };
}

class AccessFilter implements HttpFilter {
  readonly kind = KIND;
  readonly #policies: readonly CompiledAccessPolicy[];

  constructor(policies: readonly CompiledAccessPolicy[]) {
    this.#policies = policies;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    for (const policy of this.#policies) {
      const outcome = policy.refuse(exchange, run);
      if (outcome !== 'continue') return outcome;
    }
    return 'continue';
  }
}
