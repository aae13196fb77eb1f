/** Limits the total size of a route's regular expressions, because all tenants of a Gateway share their cost. */
import type { Fault } from '../faults/fault.ts';
import { regexTotal } from '../faults/route-faults.ts';
import type { RuleNode } from './nodes.ts';

/**
 * Instructions of all patterns of a route, and of a hostname. With this limit a request with 50 bytes of text stays within its budget in
 * the data plane, regardless of its content.
 */
export const REGEX_INSTRUCTIONS = 10_000;

/** The rule that exceeds the limit, and all rules after it, are invalid. */
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
