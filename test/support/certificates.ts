/**
 * Certificates for tests, minted on the spot: nothing in the repository can expire. One authority per process is
 * shared (`testAuthority`), since most tests only need *a* chain that verifies.
 */
import {
  createAuthority,
  issueCertificate,
  type CertificateAuthority,
  type CertifiedKey,
  type LeafRequest,
} from '../../src/certificates/dev-certificates.ts';
import { certificateId } from '../../src/ir/ids.ts';
import { Redacted } from '../../src/ir/redacted.ts';
import type { Certificate } from '../../src/ir/tls.ts';

export type { CertifiedKey };

const DAY_MS = 86_400_000;

let shared: Promise<CertificateAuthority> | null = null;

/** The authority that signs everything here unless a test asks for another. */
export function testAuthority(): Promise<CertificateAuthority> {
  shared ??= createAuthority({ commonName: 'Sluice test authority' });
  return shared;
}

/** A second, untrusted certificate authority. */
export function strangerAuthority(): Promise<CertificateAuthority> {
  return createAuthority({ commonName: 'Sluice stranger authority' });
}

export interface MintOptions extends Omit<LeafRequest, 'names'> {
  readonly authority?: CertificateAuthority;
}

/** A leaf for `names`. ECDSA server certificate, valid now, unless `options` say otherwise. */
export async function mint(names: readonly string[], options: MintOptions = {}): Promise<CertifiedKey> {
  return issueCertificate(options.authority ?? (await testAuthority()), { names, ...options });
}

/** A leaf that ended a day ago. */
export function mintExpired(names: readonly string[], options: MintOptions = {}): Promise<CertifiedKey> {
  const now = Date.now();
  const notBefore = new Date(now - 10 * DAY_MS);
  return mint(names, { ...options, notBefore, notAfter: new Date(now - DAY_MS) });
}

/** A leaf as the data plane receives it. */
export async function mintCertificate(
  id: string,
  names: readonly string[],
  options: MintOptions = {},
): Promise<Certificate> {
  return asCertificate(id, await mint(names, options));
}

export function asCertificate(id: string, leaf: CertifiedKey): Certificate {
  return {
    id: certificateId(id),
    certificatePem: leaf.certificatePem,
    keyPem: new Redacted(leaf.keyPem),
    ocspResponse: null,
  };
}
