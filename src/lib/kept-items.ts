export interface Keepable {
  /** The last update that needed it. */
  neededBy: number;
}

/** Items by key that survive updates as long as each update asks for them, by key or as they are. */
export class KeptItems<Item extends Keepable> {
  readonly #items = new Map<string, Item>();
  #update = 0;

  /** Between this and `endUpdate`, the update asks for what it needs. */
  beginUpdate(): void {
    this.#update += 1;
  }

  /** Drops what nothing has asked for since `beginUpdate`. */
  endUpdate(): void {
    for (const [key, { neededBy }] of this.#items) if (neededBy !== this.#update) this.#items.delete(key);
  }

  get(key: string, make: () => Item): Item {
    let item = this.#items.get(key);
    if (item === undefined) {
      item = make();
      this.#items.set(key, item);
    }
    this.keep(item);
    return item;
  }

  keep(item: Item): void {
    item.neededBy = this.#update;
  }

  get all(): readonly Item[] {
    return [...this.#items.values()];
  }
}
