/** What an object says in the fields that we want: the rest is the business of defaults and of other writers. Pure. */

/**
 * `value` with only the fields that stand in `mask`. Items of lists pair up by position; a list of another length is taken whole, and
 * so is whatever is of another shape than its mask.
 */
export function project(value: unknown, mask: unknown): unknown {
  if (Array.isArray(mask)) {
    if (!Array.isArray(value) || value.length !== mask.length) return value;
    return value.map((item, index) => project(item, mask[index]));
  }
  if (!isObject(mask) || !isObject(value)) return value;
  return Object.fromEntries(Object.keys(mask).map((name) => [name, project(value[name], mask[name])]));
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
