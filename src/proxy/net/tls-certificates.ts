/** Selects the certificates of a listener for a client. */
import { X509Certificate } from 'node:crypto';
import { servedNames } from '../../lib/subject-alt-name.ts';
import type { Certificate } from '../../ir/tls.ts';

interface ParsedCertificate {
  readonly certificate: Certificate;
  /** `rsa`, `ec`, `ed25519`: OpenSSL has one certificate of each and picks one that the client can verify. */
  readonly keyType: string;
  readonly names: readonly string[];
}

/** The certificates of one listener. They are parsed when the first client needs a choice between them. */
export class CertificateChoice {
  readonly #certificates: readonly Certificate[];
  #parsed: readonly ParsedCertificate[] | null = null;

  constructor(certificates: readonly Certificate[]) {
    this.#certificates = certificates;
  }

  /**
   * At most one certificate of each key type, those that carry `serverName` exactly before those that carry a wildcard for
   * it. If none matches, the first one, with equivalents of other key types: so the client sees the mismatch.
   * Empty when the listener has no certificate that can be read.
   */
  choose(serverName: string | null): readonly Certificate[] {
    if (this.#certificates.length <= 1) return this.#certificates;
    this.#parsed ??= this.#certificates.flatMap(parse);
    const best = new Map<string, { readonly rank: number; readonly certificate: Certificate }>();
    for (const { certificate, keyType, names } of this.#parsed) {
      const rank = serverName === null ? 0 : nameRank(names, serverName);
      if (rank > (best.get(keyType)?.rank ?? 0)) best.set(keyType, { rank, certificate });
    }
    return best.size > 0
      ? [...best.values()].map((entry) => entry.certificate)
      : this.#fallback(this.#parsed);
  }

  #fallback(parsed: readonly ParsedCertificate[]): readonly Certificate[] {
    const first = parsed[0];
    const twins = new Map<string, Certificate>();
    for (const { certificate, keyType, names } of parsed) {
      const same = first !== undefined && names.join() === first.names.join();
      if (same && !twins.has(keyType)) twins.set(keyType, certificate);
    }
    return [...twins.values()];
  }
}

/** 2 = a name of the certificate is `serverName`, 1 = a wildcard covers it, 0 = neither. */
function nameRank(names: readonly string[], serverName: string): number {
  if (names.includes(serverName)) return 2;
  // A wildcard in a certificate matches exactly one label (RFC 9525 section 6.3), unlike in a hostname of the Gateway API.
  const dot = serverName.indexOf('.');
  return dot > 0 && names.includes(`*${serverName.slice(dot)}`) ? 1 : 0;
}

/** One that does not parse is skipped: the others are still served. */
function parse(certificate: Certificate): readonly ParsedCertificate[] {
  try {
    const leaf = new X509Certificate(certificate.certificatePem);
    const names = servedNames(leaf.subjectAltName ?? '', leaf.subject);
    return [{ certificate, keyType: leaf.publicKey.asymmetricKeyType ?? '', names }];
  } catch {
    return [];
  }
}
