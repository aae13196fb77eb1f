/** Since when every proxy serves the present generation of each object. */

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

  /** Every proxy serves `revision` at this time; true when that is new for any object. */
  serving(revision: number, nowMs: number): boolean {
    let isNew = false;
    for (const [key, entry] of this.#entries) {
      if (entry.sinceMs === null && entry.revision <= revision) {
        this.#entries.set(key, { ...entry, sinceMs: nowMs });
        isNew = true;
      }
    }
    return isNew;
  }

  /** RFC 3339; null when the object is not served, or not by every proxy yet. */
  of(key: string): string | null {
    const sinceMs = this.#entries.get(key)?.sinceMs ?? null;
    return sinceMs === null ? null : new Date(sinceMs).toISOString();
  }
}
