/**
 * The entries of one hostname in their order. A short list is scanned; a long one is indexed by path, with the same result: the first entry of
 * the order that matches.
 */
import type { CompiledEntry } from './entry.ts';
import type { MatchState } from './match-state.ts';
import type { RequestView } from './request-view.ts';

/** Up to this length a scan is as fast as the index. */
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

  /** If `state` has a refusal afterwards, the request must be rejected regardless of the result. */
  find(view: RequestView, state: MatchState): Hit | null {
    if (this.#index !== null) return this.#index.find(view, state);
    for (const ranked of this.entries) if (ranked.entry.matches(view, state)) return ranked.hit;
    return null;
  }
}

type Bucket<Hit> = RankedHit<Hit>[];

class PathIndex<Hit> {
  readonly #exact = new Map<string, Bucket<Hit>>();
  readonly #prefix = new Map<string, Bucket<Hit>>();
  /** Entries that cannot be indexed by path: regular expressions, and literals that are compared verbatim. */
  readonly #others: Bucket<Hit> = [];

  constructor(entries: readonly RankedHit<Hit>[]) {
    for (const ranked of entries) {
      const literal = ranked.entry.literal;
      if (literal === null) this.#others.push(ranked);
      else push(literal.kind === 'exact' ? this.#exact : this.#prefix, literal.path, ranked);
    }
  }

  /**
   * Each bucket has its entries in order, so its first match is its best; the best of all buckets wins. They are checked in the usual
   * order of ranks, so that few entries are tested that a scan would not have reached.
   */
  find(view: RequestView, state: MatchState): Hit | null {
    const { path } = state;
    let best = better(null, this.#exact.get(path), view, state);
    for (const ranked of this.#others) {
      if (best !== null && best.rank < ranked.rank) break;
      if (ranked.entry.matches(view, state)) {
        best = ranked;
        break;
      }
    }
    best = better(best, this.#prefix.get(path), view, state);
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      best = better(best, this.#prefix.get(path.slice(0, slash)), view, state);
    }
    if (path !== '/') best = better(best, this.#prefix.get('/'), view, state);
    return best === null ? null : best.hit;
  }
}

function better<Hit>(
  best: RankedHit<Hit> | null,
  bucket: Bucket<Hit> | undefined,
  view: RequestView,
  state: MatchState,
): RankedHit<Hit> | null {
  if (bucket === undefined) return best;
  for (const ranked of bucket) {
    if (best !== null && best.rank < ranked.rank) return best;
    if (ranked.entry.matchesRest(view, state)) return ranked;
  }
  return best;
}

function push<Hit>(map: Map<string, Bucket<Hit>>, key: string, ranked: RankedHit<Hit>): void {
  const bucket = map.get(key);
  if (bucket === undefined) map.set(key, [ranked]);
  else bucket.push(ranked);
}
