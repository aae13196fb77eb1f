/** From a path in an object to a place in its text. */
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, type Document, type Node } from 'yaml';
import type { Path } from '../../gatewayapi/validation/schema.ts';

/** The offset of the deepest node of `path` that is there: of its key when `atKey`, else of its value. */
export function offsetOf(document: Document, path: Path, atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (pair === undefined) return offset;
      const isLast = depth === path.length - 1;
      const keyOffset = rangeStart(pair.key);
      // The value of an absent one, such as `name:`, is on a line of its own or missing.
      const valueOffset = isScalar(pair.value) && pair.value.value === null ? null : rangeStart(pair.value);
      offset = (isLast && atKey ? keyOffset : valueOffset) ?? keyOffset ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      offset = rangeStart(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | null {
  if (isPair(node) || !isNode(node)) return null;
  return (node as Node).range?.[0] ?? null;
}
