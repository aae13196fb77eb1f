/** Counts what policies refuse, or would refuse in mode Audit. */
import type { Origin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { KeptItems } from '../../lib/kept-items.ts';

export interface RefusalLabels {
  readonly gateway: Origin;
  readonly policy: Origin;
  /** The rule or limit of the policy, by name; `` for refusals by no rule in particular. */
  readonly rule: string;
  readonly reason: ReasonCode;
  readonly mode: PolicyMode;
}

/** `audit`: requests pass, and what the policy would do is logged and counted. */
export type PolicyMode = 'enforce' | 'audit';

export interface PolicyRefusalStats extends RefusalLabels {
  readonly count: number;
}

/** One policy that refuses for one reason: labels, their text for the log, and the count. */
export class RefusalCounter {
  readonly labels: RefusalLabels;
  /** `AccessPolicy/shop/office`, with `:rule` where a rule of the policy refuses. */
  readonly policyName: string;
  count = 0;
  /** The last update of the configuration that needed it (`RefusalRegistry`). */
  neededBy = 0;

  constructor(labels: RefusalLabels) {
    const { policy, rule } = labels;
    this.labels = labels;
    this.policyName = `${policy.kind}/${policy.namespace}/${policy.name}${rule === '' ? '' : `:${rule}`}`;
  }
}

/** Counters by labels: they survive updates of the configuration for as long as their policies are configured. */
export class RefusalRegistry {
  readonly #counters = new KeptItems<RefusalCounter>();

  /** From here to `endUpdate`, what is requested or kept is what the new configuration needs. */
  beginUpdate(): void {
    this.#counters.beginUpdate();
  }

  /** Drops counters that nothing has requested or kept since `beginUpdate`. */
  endUpdate(): void {
    this.#counters.endUpdate();
  }

  get(labels: RefusalLabels): RefusalCounter {
    const { gateway, policy, rule, reason, mode } = labels;
    const names = [gateway.namespace, gateway.name, policy.kind, policy.namespace, policy.name];
    return this.#counters.get([...names, rule, reason, mode].join(' '), () => new RefusalCounter(labels));
  }

  keep(counter: RefusalCounter): void {
    this.#counters.keep(counter);
  }

  snapshot(): PolicyRefusalStats[] {
    return this.#counters.all
      .filter(({ count }) => count > 0)
      .map(({ labels, count }) => ({ ...labels, count }));
  }
}
