/**
 * The Gateway API version in the cluster: the bundle version and channel of its CRDs. Read by name, so that no permission to list all
 * CRDs is needed, at the start and every few minutes.
 */
import type { Kind } from '../../gatewayapi/kind.ts';
import { KINDS } from '../../gatewayapi/kinds.ts';
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';

const CRD: KindInfo = {
  kind: 'CustomResourceDefinition',
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  namespaced: false,
};

const VERSION_ANNOTATION = 'gateway.networking.k8s.io/bundle-version';
const CHANNEL_ANNOTATION = 'gateway.networking.k8s.io/channel';
const REREAD_MS = 5 * 60_000;

const crdNameOf = ({ plural, group }: Kind): string => `${plural}.${group}`;

/** Without these, Sluice has nothing to serve. */
const NEEDED: ReadonlySet<string> = new Set(
  [KINDS.gatewayClasses, KINDS.gateways, KINDS.httpRoutes].map(crdNameOf),
);

/** Names of the CRDs of the Gateway API that Sluice reads, as the ClusterRole of the chart lists them. */
export const GATEWAY_API_CRDS: readonly string[] = Object.values(KINDS)
  .filter(({ definedBy }) => definedBy === 'gateway-api')
  .map(crdNameOf);

interface Found {
  readonly name: string;
  /** `none` for a CRD without a version. */
  readonly version: string;
  readonly channel: string;
}

export interface CrdVersionsOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly onChange: () => void;
}

export class CrdVersions {
  readonly #options: CrdVersionsOptions;
  readonly #abort = new AbortController();
  #timer: NodeJS.Timeout | null = null;
  #found: readonly Found[] = [];

  constructor(options: CrdVersionsOptions) {
    this.#options = options;
  }

  /** Bundle versions, one for each installed CRD. */
  get versions(): readonly string[] {
    return this.#found.map(({ version }) => version);
  }

  /** Resolves after the first reading; a failed one is retried later and does not delay the start. */
  async start(): Promise<void> {
    await this.#read();
  }

  stop(): void {
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    try {
      const found = await Promise.all(GATEWAY_API_CRDS.map((name) => this.#readOne(name)));
      this.#take(found.flatMap((one) => (one === null ? [] : [one])));
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#options.logger.warn('CRDs not read', { error: String(error) });
    }
    this.#timer = setTimeout(() => void this.#read(), REREAD_MS).unref();
  }

  async #readOne(name: string): Promise<Found | null> {
    try {
      const { metadata } = (await this.#options.client.call({
        method: 'GET',
        path: objectPath(CRD, '', name),
        accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
        signal: this.#abort.signal,
      })) as KubeObject;
      const { annotations = {} } = metadata;
      return {
        name,
        version: annotations[VERSION_ANNOTATION] ?? 'none',
        channel: annotations[CHANNEL_ANNOTATION] ?? 'none',
      };
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  #take(found: readonly Found[]): void {
    const isSame = JSON.stringify(found) === JSON.stringify(this.#found);
    const isFirst = this.#timer === null;
    if (isSame && !isFirst) return;
    this.#found = found;
    this.#say();
    if (!isSame) this.#options.onChange();
  }

  #say(): void {
    const { logger } = this.#options;
    const names = new Set(this.#found.map(({ name }) => name));
    const absent = GATEWAY_API_CRDS.filter((name) => !names.has(name));
    const needed = absent.filter((name) => NEEDED.has(name));
    const versions = [...new Set(this.versions)].join(', ');
    const channels = [...new Set(this.#found.map(({ channel }) => channel))].join(', ');
    if (needed.length > 0) {
      logger.error(
        'the CRDs of the Gateway API are not installed; install v1.6 (kubectl apply --server-side -f ' +
          'https://github.com/kubernetes-sigs/gateway-api/releases/download/v1.6.3/experimental-install.yaml), and they are ' +
          'found within a minute',
        { absent: needed.join(', ') },
      );
      return;
    }
    logger.info('Gateway API found', { versions, channels });
    if (absent.length === 0) return;
    logger.info('kinds that are not installed are not served; the experimental channel has them all', {
      absent: absent.join(', '),
    });
  }
}
