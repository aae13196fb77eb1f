/**
 * What is true for every object of a kind, regardless of the version it was written in. An API server stores an object of an old version
 * as the new version without validating it again, so code can rely only on this.
 */

interface Fields<Node> {
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly items?: Node;
}

/** `schema` with those fields required that `others` require too. A part that another version does not have stays as it is. */
export function requiredInAll<Node extends Fields<Node>>(schema: Node, others: readonly Node[]): Node {
  if (others.length === 0) return schema;
  const { required, items, properties } = schema;
  const partsOf = <Part>(read: (other: Node) => Part | undefined): readonly Part[] =>
    others.flatMap((other) => read(other) ?? []);
  const common = required?.filter((name) => others.every((other) => other.required?.includes(name) === true));
  return {
    ...schema,
    ...(common === undefined ? {} : { required: common }),
    ...(items === undefined
      ? {}
      : {
          items: requiredInAll(
            items,
            partsOf((other) => other.items),
          ),
        }),
    ...(properties === undefined
      ? {}
      : {
          properties: Object.fromEntries(
            Object.entries(properties).map(([name, field]) => [
              name,
              requiredInAll(
                field,
                partsOf((other) => other.properties?.[name]),
              ),
            ]),
          ),
        }),
  };
}
