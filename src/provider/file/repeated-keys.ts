/**
 * Keys that occur twice in one map of a YAML document. The parser's own test compares every key with every other one, which takes
 * seconds for a map of 20,000 keys; this one looks each key up in a set.
 */
import { isMap, isScalar, isSeq, type Document, type Node, type Pair } from 'yaml';

export interface RepeatedKey {
  readonly key: string;
  /** Where the second one begins, in characters from the start of the text. */
  readonly offset: number;
  readonly isTopLevel: boolean;
}

/** In the order of the text. `depth` of the document must be bounded by its parser. */
export function repeatedKeys(document: Document): readonly RepeatedKey[] {
  const found: RepeatedKey[] = [];
  visit(document.contents, true, found);
  return found;
}

function visit(node: unknown, isTopLevel: boolean, found: RepeatedKey[]): void {
  if (isSeq(node)) {
    for (const item of node.items) visit(item, false, found);
    return;
  }
  if (!isMap(node)) return;
  const seen = new Set<string>();
  for (const pair of node.items as readonly Pair<Node, Node | null>[]) {
    const { key } = pair;
    if (isScalar(key) && !isMergeKey(key)) {
      const name = String(key.value);
      if (seen.has(name)) found.push({ key: name, offset: key.range?.[0] ?? 0, isTopLevel });
      seen.add(name);
    }
    visit(pair.value, false, found);
  }
}

/** `<<` may occur several times (YAML 1.1 merge keys). */
const isMergeKey = ({ value, type }: { readonly value: unknown; readonly type?: string }): boolean =>
  typeof value === 'symbol' || (value === '<<' && type === 'PLAIN');
