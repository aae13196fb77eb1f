/**
 * The successive certificate authorities of an installation. Which one signs and which are trusted depends only on the clock and
 * their dates, so replicas that read the same Secret agree without communicating.
 *
 * Peers trust a successor long before it signs anything, and its predecessor until it expires: any two peers always trust
 * each other's CA.
 */
import { createHash } from 'node:crypto';
import {
  createAuthority,
  loadAuthority,
  type CertificateAuthority,
} from '../certificates/dev-certificates.ts';

const DAY_MS = 86_400_000;
/** Validity of signed certificates: of proxies, replicas and the controller's Service. */
export const IDENTITY_MS = 90 * DAY_MS;
const AUTHORITY_MS = 2 * 365 * DAY_MS;
/** A CA stops signing when new certificates would outlive it. */
const SIGNS_UNTIL_LEFT_MS = IDENTITY_MS;
/** The next authority is created this long before expiry, so that every peer trusts it before it signs. */
const SUCCESSOR_AT_LEFT_MS = 2 * SIGNS_UNTIL_LEFT_MS;

/** The content of the Secret, decoded. */
export type AuthorityData = Readonly<Record<string, string>>;

/** Names of certificate and key in the Secret. */
type Place = readonly [certificate: string, key: string];

const FIRST: Place = ['tls.crt', 'tls.key'];
/** Of its successor, while there are two. */
const NEXT: Place = ['next.crt', 'next.key'];

export class Authorities {
  /** Oldest first, at least one. */
  readonly #all: readonly [CertificateAuthority, ...CertificateAuthority[]];

  private constructor(all: readonly [CertificateAuthority, ...CertificateAuthority[]]) {
    this.#all = all;
  }

  static async create(nowMs: number): Promise<Authorities> {
    return new Authorities([await makeAuthority(nowMs)]);
  }

  /** Throws if the content is not a CA. */
  static async read(data: AuthorityData): Promise<Authorities> {
    const load = ([certificate, key]: Place): Promise<CertificateAuthority> =>
      loadAuthority({ certificatePem: data[certificate] ?? '', keyPem: data[key] ?? '' });
    const first = await load(FIRST);
    return new Authorities(data[NEXT[0]] === undefined ? [first] : [first, await load(NEXT)]);
  }

  /** As the Secret holds them. */
  data(nowMs: number): AuthorityData {
    const data: Record<string, string> = { 'ca.crt': this.trusted(nowMs) };
    for (const [at, [certificate, key]] of [FIRST, NEXT].entries()) {
      const authority = this.#all[at];
      if (authority === undefined) continue;
      data[certificate] = authority.certificatePem;
      data[key] = authority.keyPem;
    }
    return data;
  }

  /** The content to write in place of this; `this` if nothing is due. */
  async due(nowMs: number): Promise<Authorities> {
    const [first, ...rest] = this.#all.filter((one) => leftMs(one, nowMs) > 0);
    if (first === undefined) return Authorities.create(nowMs);
    if (leftMs(rest.at(-1) ?? first, nowMs) <= SUCCESSOR_AT_LEFT_MS) {
      return new Authorities([first, ...rest, await makeAuthority(nowMs)]);
    }
    return rest.length + 1 === this.#all.length ? this : new Authorities([first, ...rest]);
  }

  signer(nowMs: number): CertificateAuthority {
    const able = this.#all.find((one) => leftMs(one, nowMs) > SIGNS_UNTIL_LEFT_MS);
    return able ?? this.#all.at(-1) ?? this.#all[0];
  }

  /** PEM of every CA that may have signed a certificate that is still valid. */
  trusted(nowMs: number): string {
    return this.#all
      .filter((one) => leftMs(one, nowMs) > 0)
      .map(({ certificatePem }) => certificatePem)
      .join('');
  }

  /** Changes with the signing authority and with the trusted ones. */
  fingerprint(nowMs: number): string {
    const text = this.signer(nowMs).certificatePem + this.trusted(nowMs);
    return createHash('sha256').update(text).digest('hex').slice(0, 16);
  }
}

const leftMs = ({ certificate }: CertificateAuthority, nowMs: number): number =>
  certificate.notAfter.getTime() - nowMs;

/** Each has a unique name: verifiers search the issuer by name first. */
const makeAuthority = (nowMs: number): Promise<CertificateAuthority> =>
  createAuthority({
    commonName: `sluice ${new Date(nowMs).toISOString()}`,
    notBefore: new Date(nowMs - DAY_MS / 24),
    notAfter: new Date(nowMs + AUTHORITY_MS),
  });
