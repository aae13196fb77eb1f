/** AccessPolicies of layer-4 rules: a connection or flow has nothing but its client's address. */
import type { AccessPolicyIr, AccessRule, AccessSettings } from '../../../ir/access.ts';
import type { ReasonCode } from '../../../ir/reason.ts';
import type { CidrSet } from '../../../lib/cidr-set.ts';
import type { RefusalCounter } from '../../exchange/policy-refusals.ts';
import type { ConnectionFilter } from '../../net/connection-filter.ts';
import type { TransportAddress } from '../../net/transport.ts';
import type { FilterDeps } from '../definition.ts';
import { cidrSetOf } from '../policy/request-conditions.ts';

const REASON = 'access_denied';

export class ConnectionAccess implements ConnectionFilter {
  readonly kind = 'access';
  readonly #policies: readonly AddressPolicy[];

  /** Throws for a policy whose conditions a connection cannot meet: what carries it is then closed. */
  constructor({ policies }: AccessSettings, deps: FilterDeps) {
    this.#policies = [
      ...policies.filter(({ action }) => action === 'deny'),
      ...policies.filter(({ action }) => action === 'allow'),
    ].map((policy) => new AddressPolicy(policy, deps));
  }

  admit({ address }: TransportAddress): ReasonCode | null {
    for (const policy of this.#policies) if (policy.refuses(address)) return REASON;
    return null;
  }
}

class AddressPolicy {
  readonly #action: AccessPolicyIr['action'];
  readonly #rules: readonly CidrSet[];
  /** Of a Deny by rule; of an Allow one. */
  readonly #refusals: readonly RefusalCounter[];

  constructor({ action, policy, mode, rules }: AccessPolicyIr, { refusalCounterOf }: FilterDeps) {
    const byAddress = rules.filter(isByAddress);
    if (byAddress.length < rules.length && mode === 'enforce') {
      throw new Error(`${policy.kind} ${policy.namespace}/${policy.name} has conditions on requests`);
    }
    const counterOf = (rule: string): RefusalCounter =>
      refusalCounterOf({ policy, rule, reason: REASON, mode });
    this.#action = action;
    this.#rules = byAddress.map(({ clientCidrs }) => cidrSetOf(clientCidrs ?? []));
    this.#refusals = action === 'deny' ? byAddress.map(({ name }) => counterOf(name)) : [counterOf('')];
  }

  refuses(address: string): boolean {
    const at = this.#rules.findIndex((rule) => rule.has(address));
    const refusal = this.#action === 'deny' ? this.#refusals[at] : at === -1 ? this.#refusals[0] : undefined;
    if (refusal === undefined) return false;
    refusal.count++;
    return refusal.labels.mode === 'enforce';
  }
}

const isByAddress = ({ clientCidrs, methods, headers, principal }: AccessRule): boolean =>
  clientCidrs !== null && methods === null && headers.length === 0 && principal === null;
