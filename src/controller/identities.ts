/**
 * Identities on the configuration stream: the authorities of the installation, a certificate for the controller's Service, and one for
 * the proxies of each data plane. Its URI names the data plane and the UID of its object. Replicas share all of this in Secrets.
 */
import { createHash, createHmac, randomBytes, X509Certificate } from 'node:crypto';
import { ApiError, type KubeClient, type KubeObject } from '../kubeapi/client.ts';
import { apiVersionOf, collectionPath, objectPath, type KindInfo } from '../kubeapi/kind-info.ts';
import { issueCertificate, type LeafRequest } from '../certificates/dev-certificates.ts';
import { dataPlaneId, parseDataPlaneId, type DataPlaneId } from '../ir/data-plane-id.ts';
import { Authorities, IDENTITY_MS } from './authorities.ts';

const SECRET: KindInfo = { kind: 'Secret', group: '', version: 'v1', plural: 'secrets', namespaced: true };
const CA_SECRET = 'sluice-ca';
const FIELD_MANAGER = 'sluice-infrastructure';
const DAY_MS = 86_400_000;
/** A certificate is replaced when this much of its validity remains, so that a month of failures does no harm. */
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** On a Secret of Sluice, so that its metadata alone shows whether it must be replaced. */
const NOT_AFTER_ANNOTATION = 'gateway.sluice.dev/identity-not-after';
const AUTHORITY_ANNOTATION = 'gateway.sluice.dev/identity-authority';
const GATEWAY_ANNOTATION = 'gateway.sluice.dev/identity-gateway-uid';
/** Serial numbers of the certificates that are accepted, newest first, with a space between them. */
const SERIALS_ANNOTATION = 'gateway.sluice.dev/identity-serials';
/** The current one in the Secret, and previous ones that a kubelet may not have replaced yet. */
const SERIALS_KEPT = 3;
const SESSION_KEY_ANNOTATION = 'gateway.sluice.dev/session-key';

/**
 * In the Secret of the installation: the secret from which the session token key of each Gateway is derived. All replicas
 * derive the same key, and it outlives certificates. In the Secret of a Gateway's proxies: that Gateway's key.
 */
const SESSION_KEY = 'session.key';

/** What all replicas of the controller share. */
interface SharedSecrets {
  readonly authorities: Authorities;
  readonly sessionKey: string;
}

interface SecretObject extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

const SCHEME = 'sluice://';
const REPLICA_PREFIX = `${SCHEME}controller/`;

/** A proxy of one data plane: of the object with this UID, not of a re-created object of the same name. */
export interface ProxyIdentity {
  readonly kind: 'proxy';
  readonly dataPlane: DataPlaneId;
  /** `` in a certificate that was issued before identities had one. */
  readonly uid: string;
}

/** The other end of a stream, according to its certificate. */
export type PeerIdentity = ProxyIdentity | { readonly kind: 'replica'; readonly name: string };

/** Reads `subjectaltname` of a peer's certificate; null if it does not name a peer of Sluice. */
export function identityOf(subjectAltName: string | undefined): PeerIdentity | null {
  for (const entry of (subjectAltName ?? '').split(', ')) {
    const uri = entry.startsWith('URI:') ? entry.slice('URI:'.length) : '';
    if (uri.startsWith(REPLICA_PREFIX)) return { kind: 'replica', name: uri.slice(REPLICA_PREFIX.length) };
    const proxy = uri.startsWith(SCHEME) ? proxyIdentityOf(uri.slice(SCHEME.length)) : null;
    if (proxy !== null) return proxy;
  }
  return null;
}

/** `gateway/NAMESPACE/NAME/UID`; early certificates have no UID. */
function proxyIdentityOf(path: string): ProxyIdentity | null {
  const withoutUid = parseDataPlaneId(path);
  if (withoutUid !== null) return { kind: 'proxy', dataPlane: dataPlaneId(withoutUid), uid: '' };
  const at = path.lastIndexOf('/');
  const identity = parseDataPlaneId(path.slice(0, at));
  return identity === null
    ? null
    : { kind: 'proxy', dataPlane: dataPlaneId(identity), uid: path.slice(at + 1) };
}

const uriOf = ({ dataPlane, uid }: CertifiedDataPlane): string => `${SCHEME}${dataPlane}/${uid}`;

type Metadata = Pick<KubeObject, 'metadata'>;

/** Whether the identity Secret of a Gateway lists the certificate with this serial number. */
export const isIssued = ({ metadata }: Metadata, uid: string, serialNumber: string): boolean =>
  serialsOf(metadata.annotations, uid).includes(serialNumber.toLowerCase());

const serialsOf = (
  annotations: KubeObject['metadata']['annotations'] = {},
  uid: string,
): readonly string[] =>
  annotations[GATEWAY_ANNOTATION] === uid
    ? (annotations[SERIALS_ANNOTATION] ?? '').split(' ').filter((serial) => serial !== '')
    : [];

/** The identity in the certificate of a proxy. */
export type CertifiedDataPlane = Pick<ProxyIdentity, 'dataPlane' | 'uid'>;

export interface KeyedCertificate {
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface SecretMeta {
  readonly namespace: string;
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Maximum number of write conflicts with other replicas. */
const MAX_CONFLICTS = 6;

export class Identities {
  readonly #client: KubeClient;
  readonly #namespace: string;
  readonly #now: () => number;
  #shared: SharedSecrets;

  private constructor(
    client: KubeClient,
    namespace: string,
    state: { shared: SharedSecrets; now: () => number },
  ) {
    this.#client = client;
    this.#namespace = namespace;
    this.#shared = state.shared;
    this.#now = state.now;
  }

  get #authorities(): Authorities {
    return this.#shared.authorities;
  }

  /** Reads the CAs of the installation, or creates the first; of several replicas that start at once, one wins. */
  static async open(client: KubeClient, namespace: string, now = Date.now): Promise<Identities> {
    return new Identities(client, namespace, { shared: await currentSecrets(client, namespace, now), now });
  }

  /** Reads them again, and creates the next one when it is due. Call it at least daily. */
  async refresh(): Promise<void> {
    this.#shared = await currentSecrets(this.#client, this.#namespace, this.#now);
  }

  /** Every CA that may have signed a peer's certificate. */
  get caPem(): string {
    return this.#authorities.trusted(this.#now());
  }

  /** For the controller's end of the stream: its DNS names. Replace it well within 60 days. */
  async controllerCertificate(names: readonly string[]): Promise<KeyedCertificate> {
    return this.#issue({ names });
  }

  /** With which a replica authenticates to the leader. */
  async replicaCertificate(name: string): Promise<KeyedCertificate> {
    return this.#issue({ names: [], uris: [REPLICA_PREFIX + name], usage: 'client' });
  }

  /**
   * Whether the identity in this Secret (its metadata) is for the Gateway with this UID, is signed by the current CA, lists the trusted CAs, and
   * is valid for long enough. False for one issued before identities had a UID.
   */
  isFresh({ metadata }: Metadata, uid: string): boolean {
    const annotations = metadata.annotations ?? {};
    const { [NOT_AFTER_ANNOTATION]: notAfter = '', [AUTHORITY_ANNOTATION]: authority } = annotations;
    return (
      serialsOf(annotations, uid).length > 0 &&
      annotations[SESSION_KEY_ANNOTATION] === this.#sessionKeyFingerprint &&
      authority === this.#authorities.fingerprint(this.#now()) &&
      Date.parse(notAfter) - this.#now() > RENEW_BEFORE_MS
    );
  }

  /** Issues an identity to the proxies of a data plane, and writes the Secret that they mount. `before`: the Secret as it is now. */
  async issueProxySecret(proxies: CertifiedDataPlane, secret: SecretMeta, before?: Metadata): Promise<void> {
    const { uid } = proxies;
    const { notAfter, ...issued } = await this.#issue({ names: [], uris: [uriOf(proxies)], usage: 'client' });
    const serial = new X509Certificate(issued.certificatePem).serialNumber.toLowerCase();
    const serials = [serial, ...serialsOf(before?.metadata.annotations, uid)].slice(0, SERIALS_KEPT);
    const annotations = {
      ...secret.annotations,
      [NOT_AFTER_ANNOTATION]: notAfter.toISOString(),
      [AUTHORITY_ANNOTATION]: this.#authorities.fingerprint(this.#now()),
      [GATEWAY_ANNOTATION]: uid,
      [SERIALS_ANNOTATION]: serials.join(' '),
      [SESSION_KEY_ANNOTATION]: this.#sessionKeyFingerprint,
    };
    await this.#client.call({
      method: 'PATCH',
      path: objectPath(SECRET, secret.namespace, secret.name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: secretObject(
        { ...secret, annotations },
        {
          'tls.crt': issued.certificatePem,
          'tls.key': issued.keyPem,
          'ca.crt': this.caPem,
          [SESSION_KEY]: createHmac('sha256', this.#shared.sessionKey)
            .update(sessionScopeOf(proxies))
            .digest('hex'),
        },
      ),
    });
  }

  get #sessionKeyFingerprint(): string {
    return createHash('sha256').update(this.#shared.sessionKey).digest('hex').slice(0, 16);
  }

  async #issue(request: LeafRequest): Promise<KeyedCertificate & { readonly notAfter: Date }> {
    const now = this.#now();
    const notAfter = new Date(now + IDENTITY_MS);
    const issued = await issueCertificate(this.#authorities.signer(now), { ...request, notAfter });
    return { ...issued, notAfter };
  }
}

/** The scope of shared sessions. A different text for the same Gateway would end the sessions of its clients on upgrade. */
function sessionScopeOf({ dataPlane, uid }: CertifiedDataPlane): string {
  const identity = parseDataPlaneId(dataPlane);
  return identity?.kind === 'gateway'
    ? `${identity.namespace}/${identity.name}/${uid}`
    : `${dataPlane}/${uid}`;
}

/** The content of the Secret after any rotation that is due. */
async function currentSecrets(
  client: KubeClient,
  namespace: string,
  now: () => number,
): Promise<SharedSecrets> {
  for (let conflicts = 0; ; conflicts += 1) {
    const found = await readSecret(client, namespace);
    const data = decode(found?.data);
    const before = found === null ? null : await Authorities.read(data);
    const after = before === null ? await Authorities.create(now()) : await before.due(now());
    const { [SESSION_KEY]: keptKey } = data;
    const sessionKey = keptKey ?? randomBytes(32).toString('hex');
    const shared = { authorities: after, sessionKey };
    if (before === after && keptKey !== undefined) return shared;
    try {
      await writeSecret(client, { namespace, found }, { ...after.data(now()), [SESSION_KEY]: sessionKey });
      return shared;
    } catch (error) {
      // Another replica was faster: use what it wrote.
      if (!(error instanceof ApiError && error.status === 409) || conflicts >= MAX_CONFLICTS) throw error;
    }
  }
}

/** Creates the Secret of the installation, or replaces the existing one. */
async function writeSecret(
  client: KubeClient,
  { namespace, found }: { readonly namespace: string; readonly found: SecretObject | null },
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const { resourceVersion } = found?.metadata ?? {};
  const metadata = {
    namespace,
    name: CA_SECRET,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const body = secretObject(metadata, data);
  if (found === null) await client.call({ method: 'POST', path: collectionPath(SECRET, namespace), body });
  else await client.call({ method: 'PUT', path: objectPath(SECRET, namespace, CA_SECRET), body });
}

async function readSecret(client: KubeClient, namespace: string): Promise<SecretObject | null> {
  try {
    return (await client.call({
      method: 'GET',
      path: objectPath(SECRET, namespace, CA_SECRET),
    })) as SecretObject;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

const mapValues = (
  data: Readonly<Record<string, string>>,
  change: (text: string) => string,
): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([name, text]) => [name, change(text)]));

const decode = (data: SecretObject['data'] = {}): Readonly<Record<string, string>> =>
  mapValues(data, (base64) => Buffer.from(base64, 'base64').toString('utf8'));

/** `data` is text. */
function secretObject(
  metadata: SecretMeta & { readonly resourceVersion?: string },
  data: Readonly<Record<string, string>>,
): object {
  return {
    apiVersion: apiVersionOf(SECRET),
    kind: 'Secret',
    type: 'kubernetes.io/tls',
    metadata,
    data: mapValues(data, (text) => Buffer.from(text, 'utf8').toString('base64')),
  };
}
