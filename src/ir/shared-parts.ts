/**
 * Thousands of rules and clusters say the same in most of their parts. What comes as text comes as so many objects; here they become
 * one again, as they were where the text was made.
 */
import { samePlain, type Plain } from '../lib/structural-patch.ts';

/** Members whose values few differ in: policies, matches, filters. */
const COMMON: ReadonlySet<string> = new Set(['policy', 'timeouts', 'retry', 'match', 'filters', 'discovery']);
/** Members by which the parts of one configuration name each other. */
const NAMES: ReadonlySet<string> = new Set(['id', 'cluster', 'rule', 'name', 'namespace', 'address']);

/** Different values that are remembered: more are rare, and then they are forgotten all at once. */
const COMMON_LIMIT = 256;

type Members = Record<string, Plain | undefined>;

export class SharedParts {
  /** By their text. */
  readonly #common = new Map<string, Plain>();
  /** What was met last, by member. */
  readonly #last = new Map<string, Plain>();

  /** The same value, with parts that say the same as others of it, or as common ones before, replaced by those. `value` is used up. */
  share<Value extends Plain>(value: Value): Value {
    return this.#visit('', value, new Map()) as Value;
  }

  #visit(name: string, value: Plain, names: Map<string, Plain>): Plain {
    if (typeof value === 'string') return NAMES.has(name) ? sharedIn(names, value, value) : value;
    if (typeof value !== 'object' || value === null) return value;
    if (COMMON.has(name)) {
      return this.#shareCommon(name, value);
    }
    if (Array.isArray(value)) {
      const items = value as Plain[];
      for (let index = 0; index < items.length; index += 1) {
        items[index] = this.#visit('', items[index] as Plain, names);
      }
      return items;
    }
    const members = value as Members;
    for (const member in members) {
      const before = members[member];
      if (before === undefined) continue;
      const after = this.#visit(member, before, names);
      // Equal texts may be two: only other members, `__proto__` among them, stay what they are.
      if (COMMON.has(member) || NAMES.has(member)) members[member] = after;
    }
    return value;
  }

  #shareCommon(name: string, value: Plain): Plain {
    // Neighbors mostly say the same: a comparison costs a fraction of the text.
    const last = this.#last.get(name);
    if (last !== undefined && samePlain(last, value)) return last;
    if (this.#common.size >= COMMON_LIMIT) this.#common.clear();
    const shared = sharedIn(this.#common, JSON.stringify(value), value);
    this.#last.set(name, shared);
    return shared;
  }
}

function sharedIn(table: Map<string, Plain>, text: string, value: Plain): Plain {
  const known = table.get(text);
  if (known !== undefined) return known;
  table.set(text, value);
  return value;
}
