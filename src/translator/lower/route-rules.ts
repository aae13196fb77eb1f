/** Rules of routes, lowered once for all listeners that have the same policies. */
import type { Memo } from '../../lib/memo.ts';
import type { Defects } from '../contain.ts';
import type { RouteNode } from '../graph/nodes.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import type { PolicyLowering } from '../policy/lowering.ts';
import type { InheritedPolicies } from '../policy/policies.ts';
import { closedRule, lowerRule, type LoweredRule, type RulesOf } from './route-rule.ts';

export interface RuleContext {
  readonly policies: PolicyLowering;
  /** The source of `policies`: the same object while no inherited policy changes. */
  readonly inherited: InheritedPolicies;
  readonly defects: Defects;
}

/** The lowered rules of a route in the policy scope `scope`. */
export function rulesInScope(scope: PolicyScope, context: RuleContext, memo: Memo): RulesOf {
  return memo
    .part(`scope ${scope.key}`)
    .byObject('rules', (route: RouteNode) => lowerRules(route, scope, context), {
      inputs: [context.inherited],
    });
}

const lowerRules = (
  route: RouteNode,
  scope: PolicyScope,
  { policies, defects }: RuleContext,
): readonly LoweredRule[] =>
  route.rules.map((rule) =>
    defects.contain(
      [route.object, `lower rule ${String(rule.index)} ${scope.key}`],
      () => lowerRule(route, rule, { policies, scope }),
      (fault) => closedRule(route, rule, fault),
    ),
  );
