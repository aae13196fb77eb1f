/**
 * Addresses that backends must not have: this machine, its links, and cloud services that trust every caller.
 * Names are checked after they were resolved, since a name can have any address.
 */
import { networkInterfaces } from 'node:os';
import type { Endpoint } from '../../ir/cluster.ts';
import { parseIp } from '../../lib/ip-address.ts';

export type Targets = Pick<TargetGuard, 'isAbsolute' | 'refusal'>;

/** Where an address comes from: the name of an ExternalName Service or XBackend, or an EndpointSlice. */
export type TargetSource = 'name' | 'endpoints';

export interface TargetGuardOptions {
  /**
   * `cluster`: the machine and its links belong to the platform. `local`: they belong to the user who runs the gateway, whose own processes are
   * backends; only the gateway's own API is excluded.
   */
  readonly place: 'cluster' | 'local';
  /** Ports of the gateway's own API on this machine. Read at each check. */
  readonly ownPorts: readonly number[];
  /** The machine's own addresses; those of its interfaces when absent. */
  readonly ownAddresses?: () => readonly string[];
}

/** Address ranges as first bytes; the number of bits that count. Names of the ranges are for the log. */
interface Range {
  readonly name: string;
  readonly bytes: readonly number[];
  readonly bits: number;
}

const range = (name: string, cidr: string): Range => {
  const [address = '', bits = ''] = cidr.split('/');
  return { name, bytes: parseIp(address) ?? [], bits: Number(bits) };
};

/** RFC 1122 section 3.2.1.3, RFC 4291 section 2.4, RFC 6890; the last ones are metadata services outside of the link-local ranges. */
const UNSPECIFIED = [range('unspecified', '0.0.0.0/8'), range('unspecified', '::/128')];
const LOOPBACK = [range('loopback', '127.0.0.0/8'), range('loopback', '::1/128')];
const NO_BACKENDS = [
  ...UNSPECIFIED,
  range('link-local', '169.254.0.0/16'),
  range('link-local', 'fe80::/10'),
  range('multicast', '224.0.0.0/4'),
  range('multicast', 'ff00::/8'),
  range('reserved', '240.0.0.0/4'),
  range('a metadata service', '100.100.100.200/32'),
  range('a metadata service', '168.63.129.16/32'),
  range('a metadata service', 'fd00:ec2::254/128'),
  range('a metadata service', 'fd20:ce::254/128'),
];

/** Prefixes whose last four bytes are an IPv4 address: NAT64 (RFC 6052) and the old IPv4-compatible form. */
const EMBEDDING = [range('', '64:ff9b::/96'), range('', '::/96')];

const isIn = ({ bytes, bits }: Range, address: readonly number[]): boolean => {
  if (address.length !== bytes.length) return false;
  for (let bit = 0; bit < bits; bit += 8) {
    const mask = bits - bit >= 8 ? 0xff : (0xff << (8 - (bits - bit))) & 0xff;
    const at = bit / 8;
    if (((address[at] ?? 0) & mask) !== ((bytes[at] ?? 0) & mask)) return false;
  }
  return true;
};

const rangeOf = (ranges: readonly Range[], address: readonly number[]): string | null => {
  const found = ranges.find((candidate) => isIn(candidate, address));
  if (found !== undefined) return found.name;
  return EMBEDDING.some((prefix) => isIn(prefix, address)) ? rangeOf(ranges, address.slice(12)) : null;
};

const interfaceAddresses = (): readonly string[] =>
  Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));

/** For a proxy without an API, in tests. */
export const NO_GUARD: Targets = { isAbsolute: false, refusal: () => null };

export class TargetGuard {
  readonly #options: TargetGuardOptions;

  constructor(options: TargetGuardOptions) {
    this.#options = options;
  }

  /** Names are complete: the search domains of a cluster would turn `x.shop` into the Service x of the namespace shop. */
  get isAbsolute(): boolean {
    return this.#options.place === 'cluster';
  }

  /** Why this address and port are not used, for the log; null: they may be used. */
  refusal({ address, port }: Pick<Endpoint, 'address' | 'port'>, source: TargetSource): string | null {
    const { place, ownPorts } = this.#options;
    const isOwnPort = ownPorts.includes(port);
    // An API server takes no special address into an EndpointSlice, and files are their author's: the port is what is left.
    if (source === 'endpoints' && !isOwnPort) return null;
    const bytes = parseIp(address);
    // A zone (`fe80::1%eth0`) or something else that only the system can read.
    if (bytes === null) return 'not an IP address';
    if (isOwnPort && this.#isOwn(bytes)) return "the gateway's own API";
    if (source === 'endpoints') return null;
    const isLoopback = rangeOf(LOOPBACK, bytes) !== null;
    if (place === 'local') return isLoopback ? null : rangeOf(NO_BACKENDS, bytes);
    return isLoopback ? 'loopback' : (rangeOf(NO_BACKENDS, bytes) ?? this.#ownAddress(bytes));
  }

  #ownAddress(bytes: readonly number[]): string | null {
    return this.#isOwn(bytes) ? "the proxy's own address" : null;
  }

  #isOwn(address: readonly number[]): boolean {
    if (rangeOf([...LOOPBACK, ...UNSPECIFIED], address) !== null) return true;
    const { ownAddresses = interfaceAddresses } = this.#options;
    return ownAddresses().some((own) => isSame(parseIp(own.replace(/%.*/, '')), address));
  }
}

const isSame = (a: readonly number[] | null, b: readonly number[]): boolean =>
  a !== null && a.length === b.length && a.every((byte, index) => byte === b[index]);
