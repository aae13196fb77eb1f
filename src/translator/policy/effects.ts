/** The effect of each field that a policy sets: per policy and Gateway, over all traffic that the policy applies to. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import type { Defects } from '../contain.ts';
import { attachedTo, type Attachments, type GatewayNode, type RouteNode } from '../graph/nodes.ts';
import type { FieldOutcome } from './faults.ts';
import { layerKey, type Hierarchy, type PolicyScope } from './hierarchy.ts';
import { isInherited, nameOf, outcomesOf, sortedSources, type UseOutcomes } from './outcomes.ts';
import type { InheritedPolicies } from './policies.ts';
import { useOfScope, usesOf, type PolicyUse } from './uses.ts';

/** By path of the field. */
export type FieldOutcomes = ReadonlyMap<string, FieldOutcome>;

/** Of several outcomes of a field the one with the highest rank counts: what is refused or closed anywhere is reported. */
const RANK = { unserved: 0, overridden: 1, effective: 2, refused: 3, closes: 4 } as const;

/** What policies amount to on one Gateway. */
class GatewayEffects {
  /** By policy, then by path of the field. */
  readonly fields = new Map<string, Map<string, FieldOutcome>>();
  /** Inherited policies that apply to a node, by its `ref`. */
  readonly affecting = new Map<ObjectRef, readonly ObjectRef[]>();
  readonly #seen = new Set<UseOutcomes>();

  note(outcomes: UseOutcomes): void {
    if (this.#seen.has(outcomes)) return;
    this.#seen.add(outcomes);
    for (const { policy, path, outcome } of outcomes.fields) {
      const key = nameOf(policy);
      const fields = this.fields.get(key) ?? new Map<string, FieldOutcome>();
      this.fields.set(key, fields);
      const known = fields.get(path);
      if (known === undefined || RANK[known.kind] < RANK[outcome.kind]) fields.set(path, outcome);
    }
  }

  affect(ref: ObjectRef, policies: readonly ObjectRef[]): void {
    if (policies.length === 0) return;
    const known = this.affecting.get(ref);
    if (known !== policies) this.affecting.set(ref, known === undefined ? policies : union(known, policies));
  }
}

export class PolicyEffects {
  readonly #gateways: ReadonlyMap<string, GatewayEffects>;
  /** No policy applies to anything. */
  readonly isEmpty: boolean;

  constructor(gateways: ReadonlyMap<string, GatewayEffects>) {
    this.#gateways = gateways;
    this.isEmpty = [...gateways.values()].every(({ affecting }) => affecting.size === 0);
  }

  /** By path of the field; empty if the policy applies to nothing of the Gateway. */
  of(policy: ObjectRef, gateway: ObjectRef): FieldOutcomes {
    return this.#gateways.get(nameOf(gateway))?.fields.get(nameOf(policy)) ?? NO_FIELDS;
  }

  /** Inherited policies that apply to a node as `gateway` serves it, by kind and name. */
  affecting({ ref }: { readonly ref: ObjectRef }, gateway: ObjectRef): readonly ObjectRef[] {
    return this.#gateways.get(nameOf(gateway))?.affecting.get(ref) ?? NO_POLICIES;
  }
}

const NO_FIELDS: FieldOutcomes = new Map();
const NO_POLICIES: readonly ObjectRef[] = [];

/** Of two sorted lists; one of them if it has all. */
function union(a: readonly ObjectRef[], b: readonly ObjectRef[]): readonly ObjectRef[] {
  if (b.every((policy) => a.includes(policy))) return a;
  if (a.every((policy) => b.includes(policy))) return b;
  return [...new Set([...a, ...b])].sort((one, other) => compareText(nameOf(one), nameOf(other)));
}

interface EffectInputs {
  readonly attachments: Attachments;
  readonly inherited: InheritedPolicies;
  readonly defects: Defects;
}

export function findPolicyEffects(
  gateways: readonly GatewayNode[],
  hierarchy: Hierarchy,
  { attachments, inherited, defects }: EffectInputs,
  memo: Memo,
): PolicyEffects {
  const effects = new Map<string, GatewayEffects>();
  if (inherited.nodes.length === 0) return new PolicyEffects(effects);
  // What uses amount to depends on these policies and on the route.
  const table = memo.value('uses', [inherited], () => new UseTable());
  const outcomesIn = (scope: PolicyScope): OutcomesOfRoute =>
    memo
      .part(`scope ${scope.key}`)
      .byObject('routes', (route: RouteNode) => table.ofRoute(route, { scope, hierarchy }), {
        inputs: [inherited],
      });
  for (const gateway of gateways) {
    const context = { hierarchy, attachments, table, outcomesIn };
    const found = defects.contain(
      [gateway.object, 'policy effects'],
      () => effectsOn(gateway, context),
      () => new GatewayEffects(),
    );
    effects.set(nameOf(gateway.ref), found);
  }
  return new PolicyEffects(effects);
}

type OutcomesOfRoute = (route: RouteNode) => readonly UseOutcomes[];

interface EffectsContext {
  readonly hierarchy: Hierarchy;
  readonly attachments: Attachments;
  readonly table: UseTable;
  readonly outcomesIn: (scope: PolicyScope) => OutcomesOfRoute;
}

function effectsOn(
  gateway: GatewayNode,
  { hierarchy, attachments, table, outcomesIn }: EffectsContext,
): GatewayEffects {
  const effects = new GatewayEffects();
  const { ref, listeners, listenerSets } = gateway;
  // A Gateway is affected by policies of any of its listeners, whatever carries them.
  const noteScope = (carrier: 'port' | 'listener', scope: PolicyScope): void => {
    effects.affect(ref, sortedSources(scope.layers.filter(isInherited)));
    effects.note(table.of(useOfScope(carrier, scope), hierarchy));
  };
  noteScope('port', hierarchy.gatewayScope(gateway));
  for (const listener of [...listeners, ...listenerSets.flatMap((set) => set.listeners)]) {
    const scope = hierarchy.scopeOf(listener, gateway);
    noteScope('listener', scope);
    const outcomesOfRoute = outcomesIn(scope);
    for (const { route } of attachedTo(attachments, listener)) {
      for (const outcomes of outcomesOfRoute(route)) {
        effects.affect(route.ref, outcomes.policies);
        effects.note(outcomes);
      }
    }
  }
  return effects;
}

/** What uses of the same policies amount to is one object: most routes are alike. */
class UseTable {
  /** Of uses to which only inherited policies apply: the others also depend on their route. */
  readonly #known = new Map<string, UseOutcomes>();
  #last: readonly UseOutcomes[] = [];

  /** Each once. */
  ofRoute(
    route: RouteNode,
    { scope, hierarchy }: { readonly scope: PolicyScope; readonly hierarchy: Hierarchy },
  ): readonly UseOutcomes[] {
    const uses = route.rules.flatMap((rule) => usesOf(route, rule, { scope, hierarchy }));
    const own = uses.filter(({ layers }) => layers.length > 0).map((use) => this.of(use, hierarchy));
    // Routes that follow each other are mostly alike.
    this.#last = reuseIfSameItems(this.#last, [...new Set(own)]);
    return this.#last;
  }

  of(use: PolicyUse, hierarchy: Hierarchy): UseOutcomes {
    const { carrier, traffic, upstream, layers, ruleWide } = use;
    if (!layers.every(isInherited)) return outcomesOf(use, hierarchy);
    const decisions = [...ruleWide.values()].map(layerKey);
    const key = [...layers.map(layerKey), carrier, traffic, upstream?.protocol ?? '', ...decisions].join(
      '\n',
    );
    const known = this.#known.get(key) ?? outcomesOf(use, hierarchy);
    this.#known.set(key, known);
    return known;
  }
}
