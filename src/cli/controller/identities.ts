/**
 * Who is who on the configuration stream: a certificate authority of the installation, a certificate for the controller's Service, and
 * one for each Gateway's proxies, which names the Gateway as a URI. What replicas must share are Secrets.
 */
import { createHash } from 'node:crypto';
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { apiVersionOf, collectionPath, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import {
  createAuthority,
  issueCertificate,
  loadAuthority,
  type CertificateAuthority,
} from '../cert/dev-certificates.ts';

const SECRET: KindInfo = { kind: 'Secret', group: '', version: 'v1', plural: 'secrets', namespaced: true };
const CA_SECRET = 'sluice-ca';
const FIELD_MANAGER = 'sluice-infrastructure';
const DAY_MS = 86_400_000;
const IDENTITY_MS = 90 * DAY_MS;
/** A certificate is replaced when this much of its life is left: time enough for a month of trouble. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** On a Secret of ours, so that its metadata alone says whether it must be replaced. */
const NOT_AFTER_ANNOTATION = 'gateway.sluice.dev/identity-not-after';
const AUTHORITY_ANNOTATION = 'gateway.sluice.dev/identity-authority';

interface SecretObject {
  readonly data?: Readonly<Record<string, string>>;
}

const GATEWAY_PREFIX = 'sluice://gateway/';
const REPLICA_PREFIX = 'sluice://controller/';

/** Who is at the other end of a stream, as its certificate says. */
export type PeerIdentity =
  | { readonly kind: 'proxy'; /** `namespace/name` */ readonly gateway: string }
  | { readonly kind: 'replica'; readonly name: string };

/** Reads `subjectaltname` of a peer's certificate; null when it names nobody of ours. */
export function identityOf(subjectAltName: string | undefined): PeerIdentity | null {
  for (const entry of (subjectAltName ?? '').split(', ')) {
    const uri = entry.startsWith('URI:') ? entry.slice('URI:'.length) : '';
    if (uri.startsWith(GATEWAY_PREFIX)) return { kind: 'proxy', gateway: uri.slice(GATEWAY_PREFIX.length) };
    if (uri.startsWith(REPLICA_PREFIX)) return { kind: 'replica', name: uri.slice(REPLICA_PREFIX.length) };
  }
  return null;
}

export interface KeyedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface SecretMeta {
  readonly namespace: string;
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export class Identities {
  readonly #client: KubeClient;
  readonly #authority: CertificateAuthority;
  readonly #now: () => number;

  private constructor(client: KubeClient, authority: CertificateAuthority, now: () => number) {
    this.#client = client;
    this.#authority = authority;
    this.#now = now;
  }

  /** Reads the authority of the installation, or makes it; of several replicas that start at once, one's stands. */
  static async open(client: KubeClient, namespace: string, now = Date.now): Promise<Identities> {
    const found = await readSecret(client, namespace, CA_SECRET);
    if (found !== null) return new Identities(client, await loadAuthority(found), now);
    const made = await createAuthority({ commonName: 'sluice' });
    try {
      await client.call({
        method: 'POST',
        path: collectionPath(SECRET, namespace),
        body: secretObject({ namespace, name: CA_SECRET }, made, made.certificatePem),
      });
      return new Identities(client, made, now);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
      return Identities.open(client, namespace, now);
    }
  }

  get caPem(): string {
    return this.#authority.certificatePem;
  }

  /** For the controller's end of the stream: its DNS names. Replace it well within 60 days. */
  async controllerCertificate(names: readonly string[]): Promise<KeyedCertificate> {
    return issueCertificate(this.#authority, { names, notAfter: this.#notAfter() });
  }

  /** With which a replica proves itself to the leader. */
  async replicaCertificate(name: string): Promise<KeyedCertificate> {
    return issueCertificate(this.#authority, {
      names: [],
      uris: [REPLICA_PREFIX + name],
      usage: 'client',
      notAfter: this.#notAfter(),
    });
  }

  /** Whether the identity in this Secret (its metadata) is of this authority, and valid for long enough. */
  isFresh({ metadata }: Pick<KubeObject, 'metadata'>): boolean {
    const { [NOT_AFTER_ANNOTATION]: notAfter = '', [AUTHORITY_ANNOTATION]: authority } =
      metadata.annotations ?? {};
    return authority === this.#fingerprint() && Date.parse(notAfter) - this.#now() > RENEW_BEFORE_MS;
  }

  /** Issues an identity to the proxies of a Gateway, and writes the Secret that they mount. */
  async issueProxySecret(
    { namespace, name }: { readonly namespace: string; readonly name: string },
    secret: SecretMeta,
  ): Promise<void> {
    const notAfter = this.#notAfter();
    const issued = await issueCertificate(this.#authority, {
      names: [],
      uris: [`${GATEWAY_PREFIX}${namespace}/${name}`],
      usage: 'client',
      notAfter,
    });
    const annotations = {
      ...secret.annotations,
      [NOT_AFTER_ANNOTATION]: notAfter.toISOString(),
      [AUTHORITY_ANNOTATION]: this.#fingerprint(),
    };
    await this.#client.call({
      method: 'PATCH',
      path: objectPath(SECRET, secret.namespace, secret.name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: secretObject({ ...secret, annotations }, issued, this.caPem),
    });
  }

  #notAfter(): Date {
    return new Date(this.#now() + IDENTITY_MS);
  }

  #fingerprint(): string {
    return createHash('sha256').update(this.caPem).digest('hex').slice(0, 16);
  }
}

async function readSecret(
  client: KubeClient,
  namespace: string,
  name: string,
): Promise<KeyedCertificate | null> {
  try {
    const { data } = (await client.call({
      method: 'GET',
      path: objectPath(SECRET, namespace, name),
    })) as SecretObject;
    const text = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
    return { certificatePem: text('tls.crt'), keyPem: text('tls.key') };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

function secretObject(metadata: SecretMeta, keyed: KeyedCertificate, caPem: string): object {
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return {
    apiVersion: apiVersionOf(SECRET),
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata,
    data: {
      'tls.crt': encode(keyed.certificatePem),
      'tls.key': encode(keyed.keyPem),
      'ca.crt': encode(caPem),
    },
  };
}
