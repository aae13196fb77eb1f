/**
 * Development certificates: a local certificate authority and the leaves it signs. For laptops and tests;
 * nothing here renews, revokes or guards a key better than a file mode does.
 */
import 'reflect-metadata';
import { X509Certificate, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';

/** PEM text of a certificate (leaf first, then its chain) and of its PKCS #8 key. */
export interface CertifiedKey {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export type KeyType = 'ecdsa' | 'rsa';

/** A certificate authority that can sign: its own certificate and key. */
export interface CertificateAuthority extends CertifiedKey {
  readonly certificate: x509.X509Certificate;
  readonly signingKey: webcrypto.CryptoKey;
}

export interface LeafRequest {
  /** DNS names (`*.` allowed) and IP addresses; the first DNS name is the common name too. */
  readonly names: readonly string[];
  /** URI names, for example SPIFFE identities. */
  readonly uris?: readonly string[];
  readonly keyType?: KeyType;
  /** Bits of an RSA key. */
  readonly modulusLength?: number;
  readonly usage?: 'server' | 'client';
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface AuthorityRequest {
  readonly commonName: string;
  readonly keyType?: KeyType;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

const DAY_MS = 86_400_000;
/** Clocks of two machines differ; a certificate minted now must be valid on the other one too. */
const CLOCK_SKEW_MS = 5 * 60_000;
const AUTHORITY_DAYS = 3_650;
const LEAF_DAYS = 365;

/**
 * `ecdsa` is P-256, which every TLS client knows. RSA keys are 2048 bits unless asked otherwise: the least that clients
 * accept, and the most a user wants to wait for.
 */
const SIGNING = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const;

const { cRLSign, digitalSignature, keyCertSign, keyEncipherment } = x509.KeyUsageFlags;
const AUTHORITY_USES: x509.KeyUsageFlags = keyCertSign | cRLSign;
const LEAF_USES: x509.KeyUsageFlags = digitalSignature | keyEncipherment;

/** Makes a self-signed authority that may sign leaves only (path length 0). */
export async function createAuthority(request: AuthorityRequest): Promise<CertificateAuthority> {
  const signingAlgorithm = SIGNING[request.keyType ?? 'ecdsa'];
  const keys = await generateKeys(request.keyType ?? 'ecdsa');
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [request.commonName] }],
    ...validity(request, AUTHORITY_DAYS),
    signingAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(AUTHORITY_USES, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate,
    signingKey: keys.privateKey,
    certificatePem: pemText(certificate),
    keyPem: await exportKey(keys.privateKey),
  };
}

/** Reads back what `createAuthority` wrote. Throws when text and key are not an authority of this kind. */
export async function loadAuthority(files: CertifiedKey): Promise<CertificateAuthority> {
  const certificate = new x509.X509Certificate(files.certificatePem);
  if (certificate.getExtension(x509.BasicConstraintsExtension)?.ca !== true) {
    throw new Error('the certificate is not a CA certificate (basicConstraints has no CA:TRUE)');
  }
  const { asymmetricKeyType } = new X509Certificate(files.certificatePem).publicKey;
  const keyType: KeyType = asymmetricKeyType === 'ec' ? 'ecdsa' : 'rsa';
  const der = x509.PemConverter.decodeFirst(files.keyPem);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', der, SIGNING[keyType], false, ['sign']);
  return { ...files, certificate, signingKey };
}

/** Signs a leaf. Its PEM carries the leaf alone: clients know the authority, which signs directly. */
export async function issueCertificate(
  authority: CertificateAuthority,
  request: LeafRequest,
): Promise<CertifiedKey> {
  const keyType = request.keyType ?? 'ecdsa';
  const keys = await generateKeys(keyType, request.modulusLength);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: commonName(request),
    issuer: authority.certificate.subject,
    ...validity(request, LEAF_DAYS),
    signingAlgorithm: SIGNING[authority.signingKey.algorithm.name === 'ECDSA' ? 'ecdsa' : 'rsa'],
    publicKey: keys.publicKey,
    signingKey: authority.signingKey,
    extensions: await leafExtensions(authority, request, keys.publicKey),
  });
  return { certificatePem: pemText(certificate), keyPem: await exportKey(keys.privateKey) };
}

async function leafExtensions(
  authority: CertificateAuthority,
  request: LeafRequest,
  publicKey: webcrypto.CryptoKey,
): Promise<x509.Extension[]> {
  const usage = request.usage === 'client' ? 'clientAuth' : 'serverAuth';
  const names: x509.JsonGeneralName[] = [
    ...request.names.map((name): x509.JsonGeneralName => ({
      type: isIP(name) === 0 ? 'dns' : 'ip',
      value: name,
    })),
    ...(request.uris ?? []).map((value): x509.JsonGeneralName => ({ type: 'url', value })),
  ];
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(LEAF_USES, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage[usage]]),
    new x509.SubjectAlternativeNameExtension(names),
    await x509.SubjectKeyIdentifierExtension.create(publicKey),
    await x509.AuthorityKeyIdentifierExtension.create(authority.certificate.publicKey),
  ];
}

/** CN holds 64 characters (RFC 5280 ub-common-name); a longer name is in subjectAltName alone. */
function commonName(request: LeafRequest): x509.JsonName {
  const name = request.names.find((candidate) => isIP(candidate) === 0) ?? request.names[0];
  return name === undefined || name.length > 64 ? [] : [{ CN: [name] }];
}

function validity(
  request: { readonly notBefore?: Date; readonly notAfter?: Date },
  days: number,
): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return {
    notBefore: request.notBefore ?? new Date(now - CLOCK_SKEW_MS),
    notAfter: request.notAfter ?? new Date(now + days * DAY_MS),
  };
}

/** 16 random bytes, kept positive (RFC 5280 section 4.1.2.2). */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes.toString('hex');
}

async function generateKeys(keyType: KeyType, modulusLength = 2048): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey({ ...SIGNING[keyType], modulusLength }, true, ['sign', 'verify']);
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = await webcrypto.subtle.exportKey('pkcs8', key);
  return `${x509.PemConverter.encode(der, 'PRIVATE KEY')}\n`;
}

function pemText(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}
