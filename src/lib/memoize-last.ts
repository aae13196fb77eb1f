/** Keeps the last result of `compute`, and returns it again while every member of the inputs is the same object or value. */
export function memoizeLast<Inputs extends object, Value>(
  compute: (inputs: Inputs) => Value,
): (inputs: Inputs) => Value {
  let last: { readonly inputs: Inputs; readonly value: Value } | null = null;
  return (inputs) => {
    if (last === null || !haveSameMembers(last.inputs, inputs)) last = { inputs, value: compute(inputs) };
    return last.value;
  };
}

/** Both have members of the same names. */
function haveSameMembers(a: object, b: object): boolean {
  const before: Readonly<Record<string, unknown>> = { ...a };
  return Object.entries(b).every(([name, value]) => before[name] === value);
}
