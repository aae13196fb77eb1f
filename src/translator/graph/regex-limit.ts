/** How much the regular expressions of a route may add up to: what they cost is paid by all tenants of a Gateway. */
import type { Fault } from '../faults/fault.ts';
import { regexTotal } from '../faults/route-faults.ts';
import type { RuleNode } from './nodes.ts';

/**
 * Instructions of all patterns of a route, and of a hostname. A request whose text has 50 bytes then stays within the budget that the
 * data plane gives it, whatever it asks for.
 */
export const REGEX_INSTRUCTIONS = 10_000;

/** The rules from the one on that goes beyond the limit are invalid. */
export function withinRegexLimit(rules: readonly RuleNode[]): readonly RuleNode[] {
  let total = 0;
  return rules.map((rule) => {
    const own = rule.matches.reduce((sum, { instructions }) => sum + instructions, 0);
    if (rule.closed.length > 0 || own === 0) return rule;
    total += own;
    if (total <= REGEX_INSTRUCTIONS) return rule;
    const fault: Fault = regexTotal(`${rule.path}.matches`, total, REGEX_INSTRUCTIONS);
    return { ...rule, invalid: [...rule.invalid, fault] };
  });
}
