/** Values that are made of sources, one each and in their order, from one translation to the next. */
import { DerivedItems } from '../../lib/derived-items.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { digestOf, joinDigests, type Digest } from './version.ts';

export interface Derivation<Source, Value> {
  /** What a value is known by, among those of one list. */
  readonly keyOf: (source: Source) => string;
  readonly derive: (source: Source) => Value;
  /** `before` where it says the same as `after`. */
  readonly keep: (before: Value | undefined, after: Value) => Value;
  /** JSON of all that a value says; null where nobody asks for the digest. */
  readonly textOf: ((value: Value) => string) | null;
}

interface Made<Value> {
  readonly value: Value;
  readonly digest: string;
}

/** A source that is the same object is not looked at again; a value that says what it said stays the same object. */
export class DerivedList<Source extends object, Value> {
  readonly #derivation: Derivation<Source, Value>;
  readonly #digest: Digest;
  readonly #made = new Map<Source, Made<Value>>();
  readonly #inOrder = new DerivedItems<Source, Made<Value>>();
  readonly #values = new DerivedItems<Made<Value>, Value>();
  readonly #digests = new DerivedItems<Made<Value>, string>();
  #sources: readonly Source[] = [];
  /** The same array until something changes. */
  values: readonly Value[] = [];
  /** Of all values in their order; `` where values have none. */
  digest: string;

  constructor(derivation: Derivation<Source, Value>, digest: Digest) {
    this.#derivation = derivation;
    this.#digest = digest;
    this.digest = this.#joined([]);
  }

  update(sources: readonly Source[]): readonly Value[] {
    if (reuseIfSameItems(this.#sources, sources) === this.#sources) return this.values;
    const { keyOf } = this.#derivation;
    const { removed, added } = diffByIdentity(this.#sources, sources);
    const before = new Map<string, Made<Value> | undefined>();
    for (const source of removed) {
      before.set(keyOf(source), this.#made.get(source));
      this.#made.delete(source);
    }
    for (const source of added) {
      const key = keyOf(source);
      this.#made.set(source, this.#make(source, before.get(key)));
      // No value stands for two sources.
      before.delete(key);
    }
    const made = this.#inOrder.update(sources, (source) => {
      const one = this.#made.get(source);
      return one === undefined ? [] : [one];
    });
    this.#sources = sources;
    const values = this.#values.update(made, ({ value }) => [value]);
    if (values === this.values) return values;
    this.values = values;
    this.digest = this.#joined(made);
    return values;
  }

  #joined(made: readonly Made<Value>[]): string {
    if (this.#derivation.textOf === null) return '';
    return joinDigests(
      this.#digests.update(made, ({ digest }) => [digest]),
      this.#digest,
    );
  }

  #make(source: Source, before: Made<Value> | undefined): Made<Value> {
    const { derive, keep, textOf } = this.#derivation;
    const value = keep(before?.value, derive(source));
    if (before !== undefined && value === before.value) return before;
    return { value, digest: textOf === null ? '' : digestOf(textOf(value), this.#digest) };
  }
}
