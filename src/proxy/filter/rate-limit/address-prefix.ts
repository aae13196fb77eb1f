/** Networks of client addresses, as parts of keys. */
import { newIpWords, prefixMask, readIpWords, type IpWords } from '../../../lib/ip-words.ts';

const V4_BITS = 32;
const WORD_BITS = 32;

/** Of the address at work. */
const parsed: IpWords = newIpWords();

export class AddressPrefix {
  readonly #v4: number;
  readonly #v6: number;

  constructor({ v4, v6 }: { readonly v4: number; readonly v6: number }) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  /** The same text for all addresses of a network, and for no other address; the text itself where it is no address. */
  of(address: string): string {
    if (this.#v4 === V4_BITS && !address.includes(':')) return address;
    const { family, words } = readIpWords(address, parsed);
    if (family === 0) return address;
    if (family === 4) return dottedText(masked(words[0] ?? 0, this.#v4));
    let text = '';
    for (let at = 0; at * WORD_BITS < this.#v6; at++)
      text += `${masked(words[at] ?? 0, this.#v6 - at * WORD_BITS).toString(16)}:`;
    return text;
  }
}

const masked = (word: number, bits: number): number => (word & prefixMask(bits)) >>> 0;

/** As an IPv4 address is written, so that an IPv4-mapped address has the key of the IPv4 one. */
const dottedText = (word: number): string =>
  `${String(word >>> 24)}.${String((word >>> 16) & 255)}.${String((word >>> 8) & 255)}.${String(word & 255)}`;
