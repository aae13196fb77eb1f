/**
 * The entries of one hostname in their order. Few are scanned; many are indexed by path, with the same result: the first entry of
 * the order that matches.
 */
import type { CompiledEntry } from './entry.ts';
import type { RequestView } from './request-view.ts';

/** Up to here a scan is as quick as a look-up in the index. */
const SCAN_LIMIT = 8;

export interface RankedHit<Hit> {
  readonly entry: CompiledEntry;
  readonly rank: number;
  readonly hit: Hit;
}

export class EntryList<Hit> {
  readonly entries: readonly RankedHit<Hit>[];
  readonly #index: PathIndex<Hit> | null;

  constructor(entries: readonly RankedHit<Hit>[]) {
    this.entries = entries;
    this.#index = entries.length > SCAN_LIMIT ? new PathIndex(entries) : null;
  }

  /** `path` is `matchPath(view.path)`. */
  find(view: RequestView, path: string): Hit | null {
    if (this.#index !== null) return this.#index.find(view, path);
    for (const ranked of this.entries) if (ranked.entry.matches(view, path)) return ranked.hit;
    return null;
  }
}

type Bucket<Hit> = RankedHit<Hit>[];

class PathIndex<Hit> {
  readonly #exact = new Map<string, Bucket<Hit>>();
  readonly #prefix = new Map<string, Bucket<Hit>>();
  readonly #regex: Bucket<Hit> = [];

  constructor(entries: readonly RankedHit<Hit>[]) {
    for (const ranked of entries) {
      const literal = ranked.entry.literal;
      if (literal === null) this.#regex.push(ranked);
      else push(literal.kind === 'exact' ? this.#exact : this.#prefix, literal.path, ranked);
    }
  }

  /** Each bucket holds its entries in order, so its first match is its best; the best of all buckets wins. */
  find(view: RequestView, path: string): Hit | null {
    let best = better(null, this.#exact.get(path), view);
    best = better(best, this.#prefix.get(path), view);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      best = better(best, this.#prefix.get(path.slice(0, slash)), view);
    }
    if (path !== '/') best = better(best, this.#prefix.get('/'), view);
    for (const ranked of this.#regex) {
      if (best !== null && best.rank < ranked.rank) break;
      if (ranked.entry.matches(view, path)) {
        best = ranked;
        break;
      }
    }
    return best === null ? null : best.hit;
  }
}

function better<Hit>(
  best: RankedHit<Hit> | null,
  bucket: Bucket<Hit> | undefined,
  view: RequestView,
): RankedHit<Hit> | null {
  if (bucket === undefined) return best;
  for (const ranked of bucket) {
    if (best !== null && best.rank < ranked.rank) return best;
    if (ranked.entry.matchesRest(view)) return ranked;
  }
  return best;
}

function push<Hit>(map: Map<string, Bucket<Hit>>, key: string, ranked: RankedHit<Hit>): void {
  const bucket = map.get(key);
  if (bucket === undefined) map.set(key, [ranked]);
  else bucket.push(ranked);
}
