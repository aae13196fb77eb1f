/** Sets `metadata.generation` of objects without an API server, and keeps the same object while its content is the same. */
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';

interface Stamped {
  /** The object as it was read. */
  readonly from: JsonObject;
  readonly metadata: string;
  readonly body: string;
  readonly generation: number;
  /** The object as it is handed out. */
  readonly object: JsonObject;
}

export class Generations {
  readonly #stamped = new Map<string, Stamped>();

  /** The object with its generation: first that of the manifest, then one more with every change except of metadata. */
  stamp(key: string, object: JsonObject): JsonObject {
    const before = this.#stamped.get(key);
    if (before?.from === object) return before.object;
    const { metadata: given, ...rest } = object;
    const metadata = canonicalJson(given);
    const body = canonicalJson(rest);
    if (before?.body === body && before.metadata === metadata) {
      this.#stamped.set(key, { ...before, from: object });
      return before.object;
    }
    const generation = nextGeneration(given as JsonObject, before, body);
    const stamped = { ...object, metadata: { ...(given as JsonObject), generation } };
    this.#stamped.set(key, { from: object, metadata, body, generation, object: stamped });
    return stamped;
  }

  keepOnly(keys: ReadonlyMap<string, unknown>): void {
    for (const key of this.#stamped.keys()) if (!keys.has(key)) this.#stamped.delete(key);
  }
}

function nextGeneration(metadata: JsonObject, before: Stamped | undefined, body: string): number {
  const given = typeof metadata['generation'] === 'number' ? metadata['generation'] : 1;
  if (before === undefined) return given;
  return Math.max(given, before.body === body ? before.generation : before.generation + 1);
}
