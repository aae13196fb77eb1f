/**
 * Who is who on the configuration stream: a certificate authority of the installation, a certificate for the controller's Service, and
 * one for each Gateway's proxies, which names the Gateway as a URI. All are Secrets, so that every replica has the same.
 */
import { ApiError, type KubeClient } from '../../kubeapi/client.ts';
import { apiVersionOf, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import {
  createAuthority,
  issueCertificate,
  loadAuthority,
  type CertificateAuthority,
} from '../cert/dev-certificates.ts';

const SECRET: KindInfo = { kind: 'Secret', group: '', version: 'v1', plural: 'secrets', namespaced: true };
const CA_SECRET = 'sluice-ca';
const FIELD_MANAGER = 'sluice-infrastructure';

interface SecretObject {
  readonly data?: Readonly<Record<string, string>>;
}

const URI_PREFIX = 'sluice://gateway/';

/** How a proxy's certificate names its Gateway. */
const identityUri = ({ namespace, name }: { readonly namespace: string; readonly name: string }): string =>
  `${URI_PREFIX}${namespace}/${name}`;

/** The Gateway (`namespace/name`) that a proxy's certificate names; null when it names none. */
export function gatewayOfCertificate(subjectAltName: string | undefined): string | null {
  const uri = (subjectAltName ?? '').split(', ').find((entry) => entry.startsWith(`URI:${URI_PREFIX}`));
  return uri === undefined ? null : uri.slice('URI:'.length + URI_PREFIX.length);
}

export interface KeyedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export class Identities {
  readonly #client: KubeClient;
  readonly #authority: CertificateAuthority;

  private constructor(client: KubeClient, authority: CertificateAuthority) {
    this.#client = client;
    this.#authority = authority;
  }

  /** Reads the authority of the installation, or makes it; of several replicas that start at once, one's stands. */
  static async open(client: KubeClient, namespace: string): Promise<Identities> {
    const found = await readSecret(client, namespace, CA_SECRET);
    if (found !== null) return new Identities(client, await loadAuthority(found));
    const made = await createAuthority({ commonName: 'sluice' });
    try {
      await client.call({
        method: 'POST',
        path: objectPath(SECRET, namespace, '').replace(/\/$/, ''),
        body: secretObject(namespace, CA_SECRET, made, made.certificatePem),
      });
      return new Identities(client, made);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 409)) throw error;
      return Identities.open(client, namespace);
    }
  }

  get caPem(): string {
    return this.#authority.certificatePem;
  }

  /** For the controller's end of the stream. */
  async controllerCertificate(names: readonly string[]): Promise<KeyedCertificate> {
    return issueCertificate(this.#authority, { names });
  }

  /** The Secret that the proxies of a Gateway mount; unchanged while it is there. */
  async ensureProxySecret(
    gateway: { namespace: string; name: string },
    secret: object & SecretMeta,
  ): Promise<void> {
    const { namespace, name } = secret;
    if ((await readSecret(this.#client, namespace, name)) !== null) return;
    const issued = await issueCertificate(this.#authority, {
      names: [],
      uris: [identityUri(gateway)],
      usage: 'client',
    });
    const body = { ...secretObject(namespace, name, issued, this.caPem), metadata: secret };
    await this.#client.call({
      method: 'PATCH',
      path: objectPath(SECRET, namespace, name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    });
  }
}

export interface SecretMeta {
  readonly namespace: string;
  readonly name: string;
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

function secretObject(namespace: string, name: string, keyed: KeyedCertificate, caPem: string): object {
  const encode = (text: string): string => Buffer.from(text, 'utf8').toString('base64');
  return {
    apiVersion: apiVersionOf(SECRET),
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata: { namespace, name },
    data: {
      'tls.crt': encode(keyed.certificatePem),
      'tls.key': encode(keyed.keyPem),
      'ca.crt': encode(caPem),
    },
  };
}
