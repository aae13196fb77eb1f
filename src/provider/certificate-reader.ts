/**
 * Reads certificates for the translator, which is pure and may not parse them itself. Both functions return the same
 * for the same text and never throw: the content of a Secret is data, even if it is broken.
 */
import { X509Certificate, createHash, createPrivateKey, type KeyObject } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { servedNames } from '../lib/subject-alt-name.ts';

/** The contents of a certificate, or why it cannot be used with its key. */
export type CertificateReading =
  | { readonly ok: true; readonly names: readonly string[]; readonly notAfterMs: number }
  | { readonly ok: false; readonly message: string };

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * Reads a PEM chain (leaf first) and its PEM key, and checks that they belong together and that the TLS library can
 * serve them. `names` are the DNS names in lower case; the common name counts where there is no subjectAltName.
 */
export function readCertificate(certificatePem: string, keyPem: string): CertificateReading {
  const chain = parseChain(certificatePem);
  if (!chain.ok) return refuse(`the certificate ${chain.message}`);
  const key = parseKey(keyPem);
  if (!key.ok) return refuse(`the key ${key.message}`);
  const [leaf] = chain.certificates;
  if (leaf === undefined) return refuse('the certificate is missing');
  if (!leaf.checkPrivateKey(key.key)) {
    const elsewhere = chain.certificates.findIndex((candidate) => candidate.checkPrivateKey(key.key));
    return refuse(
      elsewhere > 0
        ? `the key belongs to certificate ${String(elsewhere + 1)} of the chain; the leaf must come first`
        : 'the key does not belong to the certificate (their public keys differ)',
    );
  }
  const problem = servingProblem(certificatePem, keyPem);
  if (problem !== null) return refuse(problem);
  const names = servedNames(leaf.subjectAltName ?? '', leaf.subject);
  return { ok: true, names, notAfterMs: leaf.validToDate.getTime() };
}

/**
 * `readCertificate` with a cache: reading takes 0.4 ms, and most Secrets of a translation are those of the last one.
 * It keeps only digests and results, so that a key does not outlive its Secret. The oldest entries above `limit` are dropped.
 */
export function createCertificateReader(limit = 20_000): typeof readCertificate {
  const readings = new Map<string, CertificateReading>();
  return (certificatePem, keyPem) => {
    const digest = createHash('sha256').update(certificatePem).update('\0').update(keyPem).digest('base64');
    const known = readings.get(digest);
    if (known !== undefined) return known;
    const reading = readCertificate(certificatePem, keyPem);
    readings.set(digest, reading);
    const oldest = readings.keys().next();
    if (readings.size > limit && oldest.done !== true) readings.delete(oldest.value);
    return reading;
  };
}

/** null if the text has at least one certificate and no broken one, otherwise the problem. */
export function validateCaBundle(pem: string): string | null {
  const chain = parseChain(pem);
  return chain.ok ? null : `the CA bundle ${chain.message}`;
}

type Chain =
  | { readonly ok: true; readonly certificates: readonly X509Certificate[] }
  | { readonly ok: false; readonly message: string };

function parseChain(pem: string): Chain {
  const blocks = pem.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) {
    return { ok: false, message: 'has no "-----BEGIN CERTIFICATE-----" block (PEM expected)' };
  }
  const certificates: X509Certificate[] = [];
  for (const block of blocks) {
    try {
      certificates.push(new X509Certificate(block));
    } catch {
      const which = blocks.length === 1 ? '' : ` in block ${String(certificates.length + 1)}`;
      return { ok: false, message: `cannot be parsed${which}: the PEM block does not contain X.509 data` };
    }
  }
  return { ok: true, certificates };
}

type ParsedKey =
  { readonly ok: true; readonly key: KeyObject } | { readonly ok: false; readonly message: string };

function parseKey(pem: string): ParsedKey {
  if (!pem.includes('-----BEGIN ')) {
    return { ok: false, message: 'has no "-----BEGIN PRIVATE KEY-----" block (PEM expected)' };
  }
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(pem)) {
    return { ok: false, message: 'is encrypted; store it without a passphrase' };
  }
  try {
    return { ok: true, key: createPrivateKey(pem) };
  } catch {
    // The library's own message is omitted on purpose: it may quote the input.
    return { ok: false, message: 'cannot be parsed: the PEM block does not contain a private key' };
  }
}

/** Some pairs parse and match but cannot be used, for example RSA keys below 2048 bits: the library decides. */
function servingProblem(cert: string, key: string): string | null {
  try {
    createSecureContext({ cert, key, ca: [] });
    return null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    return SERVING_PROBLEMS.get(code) ?? `the TLS library rejects the certificate (${code})`;
  }
}

const SERVING_PROBLEMS: ReadonlyMap<string, string> = new Map([
  ['ERR_SSL_EE_KEY_TOO_SMALL', 'the key is too small; use RSA of at least 2048 bits or ECDSA P-256'],
  ['ERR_SSL_CA_KEY_TOO_SMALL', 'a key in the chain is too small; use RSA of at least 2048 bits'],
  ['ERR_SSL_CA_MD_TOO_WEAK', 'a signature in the chain uses a broken digest; use SHA-256 or better'],
  ['ERR_SSL_UNKNOWN_CERTIFICATE_TYPE', 'the type of the key is not usable in TLS; use RSA, ECDSA or Ed25519'],
]);

function refuse(message: string): CertificateReading {
  return { ok: false, message };
}
