/** Networks of client addresses. */
import { formatIp, parseIp } from '../../../lib/ip-address.ts';

const V4_BITS = 32;
const V6_BITS = 128;

/** The network of an address, as text; the text itself where it is no address. Keeps the last result: clients send many requests. */
export class AddressPrefix {
  readonly #v4: number;
  readonly #v6: number;
  #lastAddress = '';
  #lastNetwork = '';

  constructor({ v4, v6 }: { readonly v4: number; readonly v6: number }) {
    this.#v4 = v4;
    this.#v6 = v6;
  }

  of(address: string): string {
    if (address === this.#lastAddress) return this.#lastNetwork;
    this.#lastAddress = address;
    this.#lastNetwork = this.#networkOf(address);
    return this.#lastNetwork;
  }

  #networkOf(address: string): string {
    if (this.#v4 === V4_BITS && !address.includes(':')) return address;
    const bytes = parseIp(address);
    if (bytes === null) return address;
    const isV4 = bytes.length * 8 === V4_BITS;
    const length = isV4 ? this.#v4 : this.#v6;
    const network = formatIp(bytes.map((byte, at) => byte & maskOf(length - at * 8)));
    return length === (isV4 ? V4_BITS : V6_BITS) ? network : `${network}/${String(length)}`;
  }
}

/** The mask of a byte of which `bits` bits belong to the network. */
const maskOf = (bits: number): number => (bits >= 8 ? 255 : bits <= 0 ? 0 : (255 << (8 - bits)) & 255);
