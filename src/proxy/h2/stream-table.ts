/**
 * Streams of a connection by id. A plain table indexed by the low bits of the id: ids go up by two, so those that are open at
 * once seldom share a place. (A Map was measured to keep dead streams alive through its rehashed tables: docs/performance.md.)
 */

const FIRST_PLACES = 4;
const MAX_PLACES = 4096;

export class StreamTable<Stream extends { readonly id: number }> {
  #places: (Stream | undefined)[] = new Array<Stream | undefined>(FIRST_PLACES).fill(undefined);
  #mask = FIRST_PLACES - 1;
  /** Streams that collide in the largest table. */
  #overflow: Stream[] = [];
  size = 0;

  get(id: number): Stream | undefined {
    const stream = this.#places[(id >>> 1) & this.#mask];
    if (stream?.id === id) return stream;
    return this.#overflow.length === 0 ? undefined : this.#overflow.find((candidate) => candidate.id === id);
  }

  add(stream: Stream): void {
    this.size++;
    for (;;) {
      const place = (stream.id >>> 1) & this.#mask;
      if (this.#places[place] === undefined) {
        this.#places[place] = stream;
        return;
      }
      if (this.#places.length >= MAX_PLACES) {
        this.#overflow.push(stream);
        return;
      }
      this.#grow();
    }
  }

  #grow(): void {
    const before = this.#places;
    this.#places = new Array<Stream | undefined>(before.length * 2).fill(undefined);
    this.#mask = this.#places.length - 1;
    for (const stream of before) {
      if (stream !== undefined) this.#places[(stream.id >>> 1) & this.#mask] = stream;
    }
  }

  delete(id: number): void {
    const place = (id >>> 1) & this.#mask;
    if (this.#places[place]?.id === id) {
      this.#places[place] = undefined;
      this.size--;
      return;
    }
    const at = this.#overflow.findIndex((stream) => stream.id === id);
    if (at === -1) return;
    this.#overflow.splice(at, 1);
    this.size--;
  }

  /** A copy: streams may be added and removed during the iteration. */
  all(): Stream[] {
    const streams = this.#overflow.slice();
    for (const stream of this.#places) if (stream !== undefined) streams.push(stream);
    return streams;
  }
}
