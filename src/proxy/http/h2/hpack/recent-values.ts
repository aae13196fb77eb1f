/** Values that were sent not long ago. A small table that forgets by being written over; a wrong guess costs an index, nothing more. */

const PLACES = 64;

export class RecentValues {
  #places: string[] | null = null;

  /** True when `value` is remembered; it is from now on. */
  note(value: string): boolean {
    this.#places ??= new Array<string>(PLACES).fill('');
    const place = placeOf(value);
    if (this.#places[place] === value) return true;
    this.#places[place] = value;
    return false;
  }
}

function placeOf(value: string): number {
  const { length } = value;
  if (length === 0) return 0;
  const mixed = length * 31 + value.charCodeAt(length - 1) * 7 + value.charCodeAt(length >> 1) * 3;
  return (mixed + value.charCodeAt(length >> 2)) & (PLACES - 1);
}
