/** Brings what runs for each Gateway to what it should be, and says where each can be reached. */
import { createHash } from 'node:crypto';
import type { ObservedAddress } from '../../controller/observations.ts';
import { Applier, OWNED_KINDS, type OwnedObjects } from '../../infrastructure/kubernetes/applier.ts';
import { GATEWAY_ID_LABEL, gatewayId } from '../../infrastructure/kubernetes/names.ts';
import { identitySecretName } from '../../infrastructure/kubernetes/pod.ts';
import {
  renderGateway,
  type KubernetesObject,
  type RenderContext,
} from '../../infrastructure/kubernetes/render.ts';
import type { InfraSpec } from '../../ir/infra.ts';
import { DEFAULT_WORKLOAD, type Workload } from '../../ir/workload.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { Reflector } from '../../kubeapi/reflector.ts';
import type { KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Identities } from './identities.ts';

export interface ProvisionerOptions {
  readonly client: KubeClient;
  readonly identities: Identities;
  readonly image: string;
  readonly configAddress: string;
  readonly uidOf: (namespace: string, name: string) => string | null;
  /** What runs for a Gateway changed: replicas, addresses. */
  readonly onChange: () => void;
  readonly logger: Logger;
}

interface LabelledObject extends KubeObject {
  readonly metadata: KubeObject['metadata'] & { readonly labels?: Readonly<Record<string, string>> };
}

interface ServiceObject extends LabelledObject {
  readonly spec?: { readonly clusterIP?: string; readonly type?: string };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { ip?: string; hostname?: string }[] };
  };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const RETRY_MS = 2_000;

export class Provisioner implements OwnedObjects {
  readonly #options: ProvisionerOptions;
  readonly #reflectors: ReadonlyMap<string, Reflector>;
  readonly #applier: Applier;
  #wanted: readonly InfraSpec[] = [];
  #isLeader = false;
  #isRunning = false;
  #isDirty = false;
  #retry: NodeJS.Timeout | null = null;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
    const { client, logger } = options;
    const onChange = (): void => {
      options.onChange();
      this.#request();
    };
    this.#reflectors = new Map(
      OWNED_KINDS.map((kind) => [
        kind.kind,
        new Reflector({ client, kind, namespace: null, labelSelector: GATEWAY_ID_LABEL, logger, onChange }),
      ]),
    );
    this.#applier = new Applier(client, this, logger);
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start();
  }

  stop(): void {
    if (this.#retry !== null) clearTimeout(this.#retry);
    for (const reflector of this.#reflectors.values()) reflector.stop();
    this.#isLeader = false;
  }

  setLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#request();
  }

  provision(wanted: readonly InfraSpec[]): void {
    this.#wanted = wanted;
    this.#request();
  }

  find(kind: KindInfo, namespace: string, id: string): readonly KubeObject[] {
    const objects = (this.#reflectors.get(kind.kind)?.objects() ?? []) as Iterable<LabelledObject>;
    return [...objects].filter(
      ({ metadata }) => metadata.namespace === namespace && metadata.labels?.[GATEWAY_ID_LABEL] === id,
    );
  }

  /** Where the Gateway can be reached: what load balancers gave its Services. */
  addressesOf(namespace: string, name: string): readonly ObservedAddress[] {
    const kind = OWNED_KINDS.find((candidate) => candidate.kind === 'Service');
    if (kind === undefined) return [];
    const services = this.find(kind, namespace, gatewayId(namespace, name, hash)) as readonly ServiceObject[];
    return services.flatMap(({ spec, status }): ObservedAddress[] => {
      if (spec?.type !== 'LoadBalancer') {
        return spec?.clusterIP === undefined ? [] : [{ type: 'IPAddress', value: spec.clusterIP }];
      }
      return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): ObservedAddress[] => {
        if (ip !== undefined) return [{ type: 'IPAddress', value: ip }];
        return hostname === undefined ? [] : [{ type: 'Hostname', value: hostname }];
      });
    });
  }

  #request(): void {
    this.#isDirty = true;
    if (this.#isRunning || !this.#isLeader) return;
    if (![...this.#reflectors.values()].every(({ synced }) => synced)) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      if (this.#isDirty) this.#request();
    });
  }

  async #run(): Promise<void> {
    this.#isDirty = false;
    for (const spec of this.#wanted) {
      try {
        await this.#provisionOne(spec);
      } catch (error) {
        const { namespace, name } = spec.gateway;
        this.#options.logger.warn('not provisioned, trying again', { namespace, name, error: String(error) });
        this.#retry ??= setTimeout(() => {
          this.#retry = null;
          this.#request();
        }, RETRY_MS);
      }
    }
  }

  async #provisionOne(spec: InfraSpec): Promise<void> {
    const { namespace, name } = spec.gateway;
    const uid = this.#options.uidOf(namespace, name);
    if (uid === null) return;
    const context: RenderContext = {
      gatewayUid: uid,
      image: this.#options.image,
      configAddress: this.#options.configAddress,
      hash,
    };
    const objects = renderGateway({ spec, workload: workloadOf(), context });
    const [first] = objects;
    if (first !== undefined) await this.#ensureIdentity(spec, context, first);
    await this.#applier.reconcile(namespace, gatewayId(namespace, name, hash), objects);
  }

  async #ensureIdentity(spec: InfraSpec, context: RenderContext, like: KubernetesObject): Promise<void> {
    const secret = { ...like.metadata, name: identitySecretName({ spec, context }) };
    await this.#options.identities.ensureProxySecret(spec.gateway, secret);
  }
}

/** Until ProxyConfig is read, every Gateway gets the defaults. */
const workloadOf = (): Workload => DEFAULT_WORKLOAD;
