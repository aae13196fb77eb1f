/** A bounded map of what was used recently. Reading costs one lookup and moves nothing, unlike a list of uses. */
export class RecentMap<Value> {
  readonly #maxEntries: number;
  readonly #maxLength: number;
  readonly #lengthOf: (value: Value, key: string) => number;
  /** What was used since the last turn, and before it; the latter is forgotten at the next turn. */
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  /** Of all that was added since the last turn. */
  #youngLength = 0;

  /** Of each of the two generations: its entries, and their lengths together. `lengthOf`: that of the key when absent. */
  constructor(
    maxEntries: number,
    maxLength = Infinity,
    lengthOf: (value: Value, key: string) => number = (_, key) => key.length,
  ) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
    this.#lengthOf = lengthOf;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): Value | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.#old.delete(key);
    this.#young.set(key, value);
    this.#youngLength += this.#lengthOf(value, key);
    if (this.#young.size < this.#maxEntries && this.#youngLength < this.#maxLength) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngLength = 0;
  }
}
