/**
 * A set of address ranges with lookups in logarithmic time and without allocation: sorted disjoint ranges in typed arrays, 10,000 of them
 * in 80 KB (IPv4) or 320 KB (IPv6).
 */
import { cidrError } from './cidr.ts';
import { newIpWords, prefixMask, readIpWords, type IpWords } from './ip-words.ts';

const V4_WORDS = 1;
const V6_WORDS = 4;

/** The address of the last lookup: several sets are mostly asked for the same one. */
const last: IpWords = newIpWords();
let lastText = '';

export class CidrSet {
  readonly #v4: SortedRanges;
  readonly #v6: SortedRanges;

  /** Throws for a text that is no CIDR (`cidrError`). Bits after the prefix are ignored. */
  constructor(cidrs: readonly string[]) {
    const v4: AddressRange[] = [];
    const v6: AddressRange[] = [];
    for (const cidr of cidrs) {
      const error = cidrError(cidr);
      if (error !== null) throw new Error(error);
      const range = rangeOf(cidr);
      (range.from.length === V4_WORDS ? v4 : v6).push(range);
    }
    this.#v4 = new SortedRanges(v4, V4_WORDS);
    this.#v6 = new SortedRanges(v6, V6_WORDS);
  }

  /** False for a text that is no address. An IPv4-mapped IPv6 address is the IPv4 one. */
  has(address: string): boolean {
    if (address !== lastText) {
      readIpWords(address, last);
      lastText = address;
    }
    const { family, words } = last;
    if (family === 4) return this.#v4.has(words);
    return family === 6 && this.#v6.has(words);
  }
}

/** First and last address of a CIDR, as words. */
interface AddressRange {
  readonly from: readonly number[];
  readonly to: readonly number[];
}

function rangeOf(cidr: string): AddressRange {
  const slash = cidr.indexOf('/');
  const { family, words } = readIpWords(cidr.slice(0, slash), newIpWords());
  const length = Number(cidr.slice(slash + 1));
  const used = [...words.subarray(0, family === 4 ? V4_WORDS : V6_WORDS)];
  const masks = used.map((_, at) => prefixMask(length - at * 32));
  return {
    from: used.map((word, at) => (word & (masks[at] as number)) >>> 0),
    to: used.map((word, at) => (word | ~(masks[at] as number)) >>> 0),
  };
}

/** CIDRs are disjoint or nested, so sorted by their first address those inside of others follow these, and are left out. */
class SortedRanges {
  readonly #words: number;
  readonly #count: number;
  readonly #from: Uint32Array;
  readonly #to: Uint32Array;

  constructor(ranges: readonly AddressRange[], words: number) {
    const sorted = ranges.toSorted((a, b) => compare(a.from, b.from) || compare(b.to, a.to));
    const outer: AddressRange[] = [];
    for (const range of sorted) {
      const before = outer.at(-1);
      if (before === undefined || compare(range.from, before.to) > 0) outer.push(range);
    }
    this.#words = words;
    this.#count = outer.length;
    this.#from = Uint32Array.from(outer.flatMap(({ from }) => from));
    this.#to = Uint32Array.from(outer.flatMap(({ to }) => to));
  }

  has(address: Uint32Array): boolean {
    const words = this.#words;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareAt(this.#from, middle * words, address, words) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compareAt(this.#to, (low - 1) * words, address, words) >= 0;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < a.length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareAt(list: Uint32Array, start: number, address: Uint32Array, words: number): number {
  for (let at = 0; at < words; at++) {
    const difference = (list[start + at] as number) - (address[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
