/** Finds blocks of direct policies that do not apply to a rule because another backend, or the rule itself, decides for all backends. */
import { namespacedName } from '../../gatewayapi/ref.ts';
import type { Fault } from '../faults/fault.ts';
import type { RouteNode, RuleNode } from '../graph/nodes.ts';
import { policyRuleWideOverridden } from './faults.ts';
import type { PolicyLayer, PolicySettings } from './policy-settings.ts';

export function ruleWideFaults(route: RouteNode, rule: RuleNode): readonly Fault[] {
  /** By settings: the policy that decides; `` for the rule itself. */
  const deciders = new Map<PolicySettings, string>();
  return rule.backends.flatMap(({ upstream, path }) => {
    if (!upstream.ok) return [];
    return upstream.value.policies.flatMap(({ kind, settings: set, ref }): readonly Fault[] => {
      const { settings } = kind;
      const block = settings?.ruleWideBlock;
      if (settings === null || block === undefined || !hasBlock(set, block)) return [];
      const own = namespacedName(ref.namespace, ref.name);
      const decider = deciders.get(settings) ?? (ruleSets(settings, block, route, rule) ? '' : own);
      deciders.set(settings, decider);
      return decider === own ? [] : [policyRuleWideOverridden(path, block, ref)];
    });
  });
}

const ruleSets = (settings: PolicySettings, block: string, route: RouteNode, rule: RuleNode): boolean =>
  (settings.layersOfRule?.(route, rule) ?? []).some(({ spec }: PolicyLayer) => hasBlock(spec, block));

const hasBlock = (settings: object | null, block: string): boolean =>
  settings !== null && (settings as Readonly<Record<string, unknown>>)[block] !== undefined;
