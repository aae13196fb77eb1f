/** Since when every proxy serves the current generation of each object. */
import type { ListDiff } from '../lib/list-diff.ts';

export interface ServedObject {
  /** Names the object among all kinds. */
  readonly key: string;
  readonly generation: number;
}

interface Entry {
  readonly generation: number;
  /** Revision that carries this generation. */
  readonly revision: number;
  readonly sinceMs: number | null;
}

export class ServedSince {
  readonly #entries = new Map<string, Entry>();
  /** Keys of the entries without `sinceMs`. */
  readonly #unserved = new Set<string>();

  /** From `revision` on, `added` are published and `removed` are not. An object in both has changed. */
  published({ removed, added }: ListDiff<ServedObject>, revision: number): void {
    const before = new Map(removed.map(({ key }) => [key, this.#entries.get(key)]));
    for (const key of before.keys()) this.#set(key, null);
    for (const { key, generation } of added) {
      const known = before.get(key);
      const isKnown = known?.generation === generation;
      this.#set(key, isKnown ? known : { generation, revision, sinceMs: null });
    }
  }

  #set(key: string, entry: Entry | null): void {
    if (entry === null) this.#entries.delete(key);
    else this.#entries.set(key, entry);
    if (entry?.sinceMs === null) this.#unserved.add(key);
    else this.#unserved.delete(key);
  }

  /** Every proxy serves `revision` at this time; true if that is new for any object. */
  serving(revision: number, nowMs: number): boolean {
    let isNew = false;
    for (const key of this.#unserved) {
      const entry = this.#entries.get(key);
      if (entry === undefined || entry.revision > revision) continue;
      this.#set(key, { ...entry, sinceMs: nowMs });
      isNew = true;
    }
    return isNew;
  }

  /** RFC 3339; null when the object is not served, or not by every proxy yet. */
  of(key: string): string | null {
    const sinceMs = this.#entries.get(key)?.sinceMs ?? null;
    return sinceMs === null ? null : new Date(sinceMs).toISOString();
  }
}
