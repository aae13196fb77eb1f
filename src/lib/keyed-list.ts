/** Values derived from sources, one each and in their order, from one version of the list to the next. */
import { DerivedItems } from './derived-items.ts';
import { diffByIdentity, runsOf } from './list-diff.ts';

export interface Derivation<Source, Value> {
  /** Identifies a value among those of one list. */
  readonly keyOf: (source: Source) => string;
  readonly derive: (source: Source) => Value;
  /** `before` where it is equal to `after`. */
  readonly reuse: (before: Value | undefined, after: Value) => Value;
}

/** The value of an unchanged source is not derived again; a value equal to the last one of its key stays the same object. */
export class KeyedList<Source extends object, Value> {
  readonly #valueOf = new Map<Source, Value>();
  readonly #values = new DerivedItems<Source, Value>();
  #sources: readonly Source[] = [];

  /** The same array until something changes. */
  update(sources: readonly Source[], { keyOf, derive, reuse }: Derivation<Source, Value>): readonly Value[] {
    if (sources === this.#sources) return this.#values.items;
    const runs = runsOf(this.#sources, sources);
    const { removed, added } = diffByIdentity(this.#sources, sources, runs);
    const before = new Map<string, Value | undefined>();
    for (const source of removed) {
      before.set(keyOf(source), this.#valueOf.get(source));
      this.#valueOf.delete(source);
    }
    for (const source of added) {
      const key = keyOf(source);
      this.#valueOf.set(source, reuse(before.get(key), derive(source)));
      // Two sources never share a value.
      before.delete(key);
    }
    this.#sources = sources;
    return this.#values.update(sources, (source) => [this.#valueOf.get(source) as Value], { runs });
  }
}
