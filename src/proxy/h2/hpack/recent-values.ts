/**
 * Recently sent values. A small table of pairs whose old entries are overwritten; a miss only costs an index
 * entry. Pairs, so that two values of every request do not evict each other.
 */

/** A power of two. */
const PLACES = 64;

export class RecentValues {
  /** Created for the second distinct value. */
  #places: string[] | null = null;
  #last = '';

  /** True when `value` is remembered; it is from now on. */
  note(value: string): boolean {
    const last = this.#last;
    if (value === last) return true;
    this.#last = value;
    if (this.#places === null) {
      if (last === '') return false;
      this.#places = new Array<string>(PLACES).fill('');
      this.#places[pairOf(last)] = last;
    }
    const places = this.#places;
    const newer = pairOf(value);
    if (places[newer] === value || places[newer + 1] === value) return true;
    places[newer + 1] = places[newer] as string;
    places[newer] = value;
    return false;
  }
}

/** The first place of its pair. */
function pairOf(value: string): number {
  const { length } = value;
  if (length === 0) return 0;
  let mixed = length;
  mixed = Math.imul(mixed, 31) + value.charCodeAt(length - 1);
  mixed = Math.imul(mixed, 31) + value.charCodeAt(length >> 1);
  mixed = Math.imul(mixed, 31) + value.charCodeAt(length >> 2);
  return (mixed ^ (mixed >>> 7)) & (PLACES - 2);
}
