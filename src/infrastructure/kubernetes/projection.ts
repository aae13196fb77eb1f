/** The fields of a live object that Sluice manages; defaults and other managers own the rest. Pure. */

/**
 * `value` with only the fields that `mask` has. Items of lists pair up by position; a list of another length is taken whole, and
 * so is a value whose shape differs from its mask.
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
