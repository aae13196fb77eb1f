/** A bounded map of what was used recently. Reading costs one lookup and moves nothing, unlike a list of uses. */
export class RecentMap<Value> {
  readonly #maxEntries: number;
  readonly #maxLength: number;
  /** What was used since the last turn, and before it; the latter is forgotten at the next turn. */
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();
  #youngLength = 0;

  /** Of each of the two generations: its entries, and the characters of its keys together. */
  constructor(maxEntries: number, maxLength = Infinity) {
    this.#maxEntries = maxEntries;
    this.#maxLength = maxLength;
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
    if (!this.#young.has(key)) this.#youngLength += key.length;
    this.#young.set(key, value);
    if (this.#young.size < this.#maxEntries && this.#youngLength < this.#maxLength) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngLength = 0;
  }

  delete(key: string): void {
    this.#old.delete(key);
    if (this.#young.delete(key)) this.#youngLength -= key.length;
  }
}
