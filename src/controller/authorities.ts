/**
 * The certificate authorities of an installation, one after the other. Which one signs and which are trusted follows from the clock and
 * their dates alone, so replicas that read the same Secret agree without communicating.
 *
 * Peers trust a successor long before it signs anything, and its predecessor until it expires: no two peers ever meet without trusting
 * each other's authority.
 */
import { createHash } from 'node:crypto';
import {
  createAuthority,
  loadAuthority,
  type CertificateAuthority,
} from '../certificates/dev-certificates.ts';

const DAY_MS = 86_400_000;
/** How long what an authority signs is valid: certificates of proxies, replicas and the controller's Service. */
export const IDENTITY_MS = 90 * DAY_MS;
const AUTHORITY_MS = 2 * 365 * DAY_MS;
/** It signs no longer when what it signs would outlive it. */
const SIGNS_UNTIL_LEFT_MS = IDENTITY_MS;
/** The next authority is created this long before expiry, so that every peer trusts it before it signs. */
const SUCCESSOR_AT_LEFT_MS = 2 * SIGNS_UNTIL_LEFT_MS;

/** What the Secret holds, decoded. */
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

  /** Throws when the content is no authority. */
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

  /** What must be written in place of this; `this` when nothing is due. */
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

  /** PEM of every authority that may have signed what is still valid. */
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

/** Each has a name of its own: verifiers look for an issuer by name first. */
const makeAuthority = (nowMs: number): Promise<CertificateAuthority> =>
  createAuthority({
    commonName: `sluice ${new Date(nowMs).toISOString()}`,
    notBefore: new Date(nowMs - DAY_MS / 24),
    notAfter: new Date(nowMs + AUTHORITY_MS),
  });
