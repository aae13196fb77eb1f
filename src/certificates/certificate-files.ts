/** What `sluice cert` leaves in its folder: the authority, which is made once, and a certificate for each call. */
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  createAuthority,
  issueCertificate,
  loadAuthority,
  type CertificateAuthority,
  type CertifiedKey,
  type KeyType,
} from './dev-certificates.ts';

export interface CertificateOrder {
  /** DNS names (`*.` allowed) and IP addresses; at least one. */
  readonly names: readonly string[];
  readonly folder: string;
  readonly days: number;
  readonly keyType: KeyType;
  readonly usage: 'server' | 'client';
  /** Of the Secret. */
  readonly namespace: string;
  readonly secretName: string;
  /** Replace files that are there. */
  readonly replace: boolean;
}

export interface WrittenFiles {
  readonly authority: string;
  /** False when it was there before. */
  readonly isNewAuthority: boolean;
  readonly certificate: string;
  readonly key: string;
  readonly secret: string;
  readonly configMap: string;
}

/** A mistake of the user's, in words for the terminal. */
export class CertificateOrderError extends Error {}

const DAY_MS = 86_400_000;
const PRIVATE = 0o600;
const PUBLIC = 0o644;
const CONFIG_MAP_NAME = 'sluice-development-ca';

/** Writes the authority if there is none, and then certificate, key and Secret. Throws `CertificateOrderError`. */
export async function writeCertificate(order: CertificateOrder): Promise<WrittenFiles> {
  const { folder, names } = order;
  const base = fileName(names[0] ?? '');
  await mkdir(folder, { recursive: true });
  const { authority, isNew } = await findAuthority(order);
  const files = {
    authority: join(folder, 'ca.crt'),
    isNewAuthority: isNew,
    certificate: join(folder, `${base}.crt`),
    key: join(folder, `${base}.key`),
    secret: join(folder, `${base}.secret.yaml`),
    configMap: join(folder, 'ca.configmap.yaml'),
  };
  const notAfter = new Date(Date.now() + order.days * DAY_MS);
  const { keyType, usage } = order;
  const leaf = await issueCertificate(authority, { names, keyType, usage, notAfter });
  // The first file says whether the others may be written, so that none is replaced by half.
  await write(files.certificate, leaf.certificatePem, PUBLIC, order.replace);
  await write(files.key, leaf.keyPem, PRIVATE, true);
  await write(files.secret, secretManifest(order, leaf), PRIVATE, true);
  return files;
}

async function findAuthority(
  order: CertificateOrder,
): Promise<{ readonly authority: CertificateAuthority; readonly isNew: boolean }> {
  const [certificatePath, keyPath] = [join(order.folder, 'ca.crt'), join(order.folder, 'ca.key')];
  const [certificatePem, keyPem] = [await readIfThere(certificatePath), await readIfThere(keyPath)];
  if (certificatePem !== null && keyPem !== null) {
    try {
      return { authority: await loadAuthority({ certificatePem, keyPem }), isNew: false };
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CertificateOrderError(`${certificatePath} and ${keyPath} cannot be used: ${why}`);
    }
  }
  if (certificatePem !== null || keyPem !== null) {
    const [there, missing] =
      certificatePem === null ? [keyPath, certificatePath] : [certificatePath, keyPath];
    throw new CertificateOrderError(
      `${there} exists but ${missing} does not; restore it, or remove both and trust the new CA`,
    );
  }
  const authority = await createAuthority({ commonName: 'Sluice development CA' });
  await write(certificatePath, authority.certificatePem, PUBLIC, false);
  await write(keyPath, authority.keyPem, PRIVATE, false);
  await write(
    join(order.folder, 'ca.configmap.yaml'),
    configMapManifest(order.namespace, authority),
    PUBLIC,
    true,
  );
  return { authority, isNew: true };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * A key must never be readable by others, not even for the moment between its creation and a change of its mode. A file that is replaced
 * is replaced whole: a gateway that reads it just then must not find half of it, or nothing, and take the listener down.
 */
async function write(path: string, text: string, mode: number, replace: boolean): Promise<void> {
  if (!replace) {
    await create(path, text, mode);
    return;
  }
  await rm(`${path}.new`, { force: true });
  await create(`${path}.new`, text, mode);
  await rename(`${path}.new`, path);
}

/** O_EXCL: an existing file or link is never written to. */
async function create(path: string, text: string, mode: number): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL;
  try {
    const file = await open(path, flags, mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
    } finally {
      await file.close();
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CertificateOrderError(`${path} already exists; add --force to replace it`);
  }
}

function secretManifest({ namespace, secretName }: CertificateOrder, leaf: CertifiedKey): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName, namespace },
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(leaf.certificatePem), 'tls.key': base64(leaf.keyPem) },
  });
}

/** What client-certificate validation and BackendTLSPolicy refer to. */
function configMapManifest(namespace: string, authority: CertifiedKey): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: CONFIG_MAP_NAME, namespace },
    data: { 'ca.crt': authority.certificatePem },
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** `*` and `:` have other meanings in file names. */
function fileName(name: string): string {
  return name.replace(/^\*\./, 'wildcard.').replaceAll(':', '_');
}
