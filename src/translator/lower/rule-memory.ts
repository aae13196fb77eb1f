/** Rules of routes as they were lowered: once for all listeners that have the same policies, and until the route or a policy changes. */
import type { InheritedPolicies } from '../policy/policies.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import type { Defects } from '../contain.ts';
import type { RouteNode } from '../graph/nodes.ts';
import type { PolicyLowering } from '../policy/lowering.ts';
import { closedRule, lowerRule, type LoweredRule } from './route-rule.ts';

type OfScopes = Map<string, readonly LoweredRule[]>;

export class RuleMemory {
  readonly #defects: Defects;
  #known = new WeakMap<RouteNode, OfScopes>();
  #inherited: InheritedPolicies | null = null;

  constructor(defects: Defects) {
    this.#defects = defects;
  }

  /** `inherited`: what `policies` are lowered from; while it is the same object, rules stay as they are. */
  of(
    policies: PolicyLowering,
    inherited: InheritedPolicies,
  ): (route: RouteNode, scope: PolicyScope) => readonly LoweredRule[] {
    if (inherited !== this.#inherited) {
      this.#inherited = inherited;
      this.#known = new WeakMap();
    }
    return (route, scope) => {
      const ofScopes = this.#of(route);
      let rules = ofScopes.get(scope.key);
      if (rules === undefined) {
        rules = route.rules.map((rule) =>
          this.#defects.contain(
            [route.object, `lower rule ${String(rule.index)} ${scope.key}`],
            () => lowerRule(route, rule, { policies, scope }),
            (fault) => closedRule(route, rule, fault),
          ),
        );
        ofScopes.set(scope.key, rules);
      }
      return rules;
    };
  }

  #of(route: RouteNode): OfScopes {
    let ofScopes = this.#known.get(route);
    if (ofScopes === undefined) {
      ofScopes = new Map();
      this.#known.set(route, ofScopes);
    }
    return ofScopes;
  }
}
