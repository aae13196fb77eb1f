/** How much the regular expressions of a route may add up to: what they cost is paid by all tenants of a Gateway. */
import type { Fault } from '../faults/fault.ts';
import { regexTotal } from '../faults/route-faults.ts';
import { patternsIn, type MeasureRegex } from './match.ts';
import type { RuleNode } from './nodes.ts';

/**
 * Instructions of all patterns of a route, and of a hostname. A request whose text has 50 bytes then stays within the budget that the
 * data plane gives it, whatever it asks for.
 */
export const REGEX_INSTRUCTIONS = 10_000;

/** The rules from the one on that goes beyond the limit are invalid. */
export function withinRegexLimit(rules: readonly RuleNode[], measure: MeasureRegex): readonly RuleNode[] {
  let instructions = 0;
  return rules.map((rule) => {
    if (rule.closed.length > 0) return rule;
    const patterns = rule.spec.matches.flatMap(patternsIn);
    if (patterns.length === 0) return rule;
    for (const pattern of patterns) instructions += sizeOf(pattern, measure);
    if (instructions <= REGEX_INSTRUCTIONS) return rule;
    const fault: Fault = regexTotal(`${rule.path}.matches`, instructions, REGEX_INSTRUCTIONS);
    return { ...rule, invalid: [...rule.invalid, fault] };
  });
}

/** A pattern that does not compile costs nothing: it has a fault of its own, and is never run. */
function sizeOf(pattern: string, measure: MeasureRegex): number {
  const size = measure(pattern);
  return typeof size === 'number' ? size : 0;
}
