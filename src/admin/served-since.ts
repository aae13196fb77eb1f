/** Since when each object's present generation is in force on every worker. */

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
  #entries = new Map<string, Entry>();

  /** These objects, and no others, are served from `revision` on. */
  published(objects: readonly ServedObject[], revision: number): void {
    const next = new Map<string, Entry>();
    for (const { key, generation } of objects) {
      const before = this.#entries.get(key);
      next.set(key, before?.generation === generation ? before : { generation, revision, sinceMs: null });
    }
    this.#entries = next;
  }

  /** Every worker serves `revision` at this time. */
  serving(revision: number, nowMs: number): void {
    for (const [key, entry] of this.#entries) {
      if (entry.sinceMs === null && entry.revision <= revision) {
        this.#entries.set(key, { ...entry, sinceMs: nowMs });
      }
    }
  }

  /** RFC 3339; null when the object is not served, or not by every worker yet. */
  of(key: string): string | null {
    const sinceMs = this.#entries.get(key)?.sinceMs ?? null;
    return sinceMs === null ? null : new Date(sinceMs).toISOString();
  }
}
