/** Stand-ins that `--echo` adds: Services, which the echo backend serves, and certificates. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { CertificateAuthority } from '../certificates/dev-certificates.ts';
import { missingCertificates, missingServices, secretOf, type MissingCertificate } from './stand-ins.ts';

/** Default folder of the CA of `sluice cert`. */
const CERT_FOLDER = 'certs';

export interface FilledSnapshot {
  readonly snapshot: ResourceSnapshot;
  /** One line for each stand-in. */
  readonly notes: readonly string[];
}

export class StandIns {
  readonly #folder: string;
  /** By names and Secret: a certificate is created once. */
  #made: ReadonlyMap<string, Secret> = new Map();
  #authority: Promise<{ readonly authority: CertificateAuthority; readonly isKept: boolean }> | null = null;

  constructor(folder = CERT_FOLDER) {
    this.#folder = folder;
  }

  async fill(snapshot: ResourceSnapshot): Promise<FilledSnapshot> {
    const services = missingServices(snapshot);
    const certificates = missingCertificates(snapshot);
    if (services.length === 0 && certificates.length === 0) return { snapshot, notes: [] };
    const made = await Promise.all(
      certificates.map(async (one) => [JSON.stringify(one), await this.#secretOf(one)] as const),
    );
    this.#made = new Map(made);
    const secrets = made.map(([, secret]) => secret);
    const filled: ResourceSnapshot = {
      ...snapshot,
      services: [...snapshot.services, ...services],
      secrets: [...snapshot.secrets, ...secrets],
    };
    const names = services.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`);
    return {
      snapshot: filled,
      notes: [
        ...(names.length === 0
          ? []
          : [`--echo stands in for Services that do not exist: ${names.join(', ')}`]),
        ...(certificates.length === 0 ? [] : [await this.#certificateNote(certificates)]),
      ],
    };
  }

  async #certificateNote(certificates: readonly MissingCertificate[]): Promise<string> {
    const names = certificates.map(({ namespace, name }) => `${namespace}/${name}`);
    const { isKept } = await this.#findAuthority();
    const by = isKept
      ? `signed by ${join(this.#folder, 'ca.crt')}`
      : `signed by an authority of this run (make one to trust with "sluice cert localhost")`;
    return `--echo stands in for Secrets that do not exist: ${names.join(', ')}; certificates ${by}`;
  }

  async #secretOf(missing: MissingCertificate): Promise<Secret> {
    const known = this.#made.get(JSON.stringify(missing));
    if (known !== undefined) return known;
    const { issueCertificate } = await import('../certificates/dev-certificates.ts');
    const { authority } = await this.#findAuthority();
    return secretOf(missing, await issueCertificate(authority, { names: missing.names }));
  }

  /** The CA of `sluice cert` in the current folder, if there is one; nothing is written. */
  #findAuthority(): Promise<{ readonly authority: CertificateAuthority; readonly isKept: boolean }> {
    this.#authority ??= findAuthority(this.#folder);
    return this.#authority;
  }
}

async function findAuthority(
  folder: string,
): Promise<{ readonly authority: CertificateAuthority; readonly isKept: boolean }> {
  const { createAuthority, loadAuthority } = await import('../certificates/dev-certificates.ts');
  const [certificate, key] = [join(folder, 'ca.crt'), join(folder, 'ca.key')];
  if (existsSync(certificate) && existsSync(key)) {
    try {
      const files = { certificatePem: readFileSync(certificate, 'utf8'), keyPem: readFileSync(key, 'utf8') };
      return { authority: await loadAuthority(files), isKept: true };
    } catch {
      // Not a CA that can sign, or not readable: use a new CA for this run.
    }
  }
  return { authority: await createAuthority({ commonName: 'Sluice stand-in authority' }), isKept: false };
}
