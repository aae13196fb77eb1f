/**
 * Values that were sent not long ago. A small table of pairs that forgets by being written over; a wrong guess costs an index, nothing
 * more. Pairs, so that two values that every request has cannot keep pushing each other out.
 */

/** A power of two. */
const PLACES = 64;

export class RecentValues {
  /** Made when there is more to remember than the last value. */
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
