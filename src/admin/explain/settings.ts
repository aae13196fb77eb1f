/** The origins of rule and pool settings, for `explain`. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { ExplainContext } from '../../proxy/router/explain-backends.ts';
import { describePolicies } from '../../translator/policy/describe.ts';
import type { PolicyKind } from '../../translator/policy/policy-kind.ts';
import { POLICY_KINDS } from '../../translator/policy/policy-kinds.ts';
import type { RulePolicies } from '../../translator/types.ts';

export function settingsOf(
  config: GatewayConfig,
  policies: RulePolicies,
  kinds: readonly PolicyKind[] = POLICY_KINDS,
): ExplainContext['settingsOf'] {
  return (rule, index) => {
    const action = config.rules.find(({ id }) => id === rule)?.action;
    const backend = action?.kind === 'forward' ? action.backends[index] : undefined;
    if (backend?.kind !== 'cluster') return [];
    const cluster = config.clusters.find(({ id }) => id === backend.cluster);
    if (cluster === undefined) return [];
    const { protocol, policy } = cluster;
    const probe = policy.activeCheck?.probe;
    const checkHost = probe?.kind === 'http' ? probe.hostname : null;
    return describePolicies(policies.get(rule) ?? [], { index, checkHost, protocol }, kinds);
  };
}
