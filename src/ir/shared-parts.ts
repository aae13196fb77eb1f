/**
 * Thousands of rules and clusters have mostly equal parts. Decoding creates a separate object for each; here equal parts become
 * one object again, as they were before encoding.
 */
import { samePlain, type Plain } from '../lib/structural-patch.ts';

/** Members with few distinct values: policies, matches, filters. */
const COMMON: ReadonlySet<string> = new Set([
  'policy',
  'policies',
  'timeouts',
  'retry',
  'match',
  'filters',
  'discovery',
]);
/** Members with ids by which parts of a configuration refer to each other. */
const NAMES: ReadonlySet<string> = new Set(['id', 'cluster', 'rule', 'name', 'namespace', 'address']);

/** Maximum number of remembered values: more are rare, and then all are dropped at once. */
const COMMON_LIMIT = 256;

type Members = Record<string, Plain | undefined>;

export class SharedParts {
  /** By their text. */
  readonly #common = new Map<string, Plain>();
  /** The last value, by member. */
  readonly #last = new Map<string, Plain>();

  /** The same value, with parts that equal earlier ones replaced by those. `value` must not be used afterward. */
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
      // Only these members are interned; others, such as `__proto__`, stay as they are.
      if (COMMON.has(member) || NAMES.has(member)) members[member] = after;
    }
    return value;
  }

  #shareCommon(name: string, value: Plain): Plain {
    // Neighbors are mostly equal: a comparison costs a fraction of encoding.
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
