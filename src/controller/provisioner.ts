/** Reconciles the infrastructure of each Gateway, and reports its addresses and number of proxies. */
import { coalesce } from './coalesce.ts';
import type { ObservedAddress } from './observations.ts';
import { Applier, LATE_MS, type ReconcileResult } from '../infrastructure/kubernetes/applier.ts';
import { gatewayId } from '../infrastructure/kubernetes/names.ts';
import { identitySecretName } from '../infrastructure/kubernetes/pod.ts';
import {
  objectMetadata,
  renderGateway,
  type RenderContext,
  type RenderInput,
} from '../infrastructure/kubernetes/render.ts';
import {
  addressesOfServices,
  desiredProxies,
  workloadTrouble,
} from '../infrastructure/kubernetes/live-objects.ts';
import { gatewayDataPlane, parseDataPlaneId, type DataPlaneId } from '../ir/data-plane-id.ts';
import type { InfraSpec } from '../ir/infra.ts';
import type { KubeClient, KubeObject } from '../kubeapi/client.ts';
import type { Logger } from '../telemetry/logger.ts';
import { platformDigest } from './translate-options.ts';
import { isIssued, type Identities, type ProxyIdentity } from './identities.ts';
import { OwnedCache } from './owned-cache.ts';

export interface ProvisionerOptions {
  readonly client: KubeClient;
  readonly identities: Identities;
  readonly namespaces: readonly string[] | null;
  readonly image: string;
  readonly configAddress: string;
  /** The Gateway as last seen. */
  readonly gateway: (namespace: string, name: string) => KubeObject | undefined;
  /** The infrastructure of a Gateway changed: replicas, addresses. */
  readonly onChange: () => void;
  readonly logger: Logger;
}

const RETRY_MS = 2_000;
/** A rollout causes many events per second. */
const GATHER_MS = 50;
/** Minimum limit of open streams per Gateway at one replica. */
const MIN_MAX_STREAMS = 64;
/** Interval of checking identities that no change causes to be checked. */
const RECHECK_MS = 600_000;

interface Issued {
  readonly gatewayUid: string;
  /** Resource version of the Secret that was replaced. */
  readonly version: string | undefined;
  readonly atMs: number;
}

export class Provisioner {
  readonly #options: ProvisionerOptions;
  readonly #owned: OwnedCache;
  readonly #applier: Applier;
  readonly #pending = coalesce(() => {
    void this.#run();
  });
  readonly #recheck = setInterval(() => {
    this.#request();
  }, RECHECK_MS).unref();
  /** Identities issued in this process, by Secret, until the watch shows them. */
  readonly #issued = new Map<string, Issued>();
  /** Why the last attempt to provision failed. */
  readonly #failures = new Map<DataPlaneId, string>();
  /** What the objects of each data plane are labelled with: a hash. */
  readonly #labels = new Map<DataPlaneId, string>();
  #wanted: readonly InfraSpec[] = [];
  #isLeader = false;
  #isRunning = false;
  #isDirty = false;

  constructor(options: ProvisionerOptions) {
    this.#options = options;
    const onChange = (): void => {
      options.onChange();
      this.#request();
    };
    this.#owned = new OwnedCache({ ...options, onChange });
    this.#applier = new Applier(options.client, this.#owned, options.logger);
  }

  start(): void {
    this.#owned.start();
  }

  stop(): void {
    this.#isLeader = false;
    this.#pending.stop();
    clearInterval(this.#recheck);
    this.#owned.stop();
  }

  setLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    this.#request();
  }

  provision(wanted: readonly InfraSpec[]): void {
    // Most translations change routes, not infrastructure.
    if (JSON.stringify(wanted) === JSON.stringify(this.#wanted)) return;
    this.#wanted = wanted;
    const ids = new Set(wanted.map(({ gateway }) => gatewayDataPlane(gateway)));
    for (const id of this.#failures.keys()) if (!ids.has(id)) this.#failures.delete(id);
    for (const id of this.#labels.keys()) if (!ids.has(id)) this.#labels.delete(id);
    this.#request();
  }

  /** The addresses of the data plane: those of its Services. */
  addressesOf(dataPlane: DataPlaneId): readonly ObservedAddress[] {
    return addressesOfServices(this.#ownedBy(dataPlane, 'Service'));
  }

  /** Expected number of proxies: the scale of the workload, otherwise the configured number. */
  expectedOf(dataPlane: DataPlaneId): number {
    const spec = this.#wanted.find(({ gateway }) => gatewayDataPlane(gateway) === dataPlane);
    return desiredProxies(this.#workloads(dataPlane), spec?.workload.scaling ?? null);
  }

  /** The UID of the object that the data plane serves; null if there is none. */
  uidOf(dataPlane: DataPlaneId): string | null {
    const identity = parseDataPlaneId(dataPlane);
    if (identity?.kind !== 'gateway') return null;
    return this.#options.gateway(identity.namespace, identity.name)?.metadata.uid ?? null;
  }

  /** Whether a certificate with this serial number was issued for the current object. */
  isCurrent({ dataPlane, uid }: ProxyIdentity, serialNumber: string): boolean {
    return (
      this.uidOf(dataPlane) === uid &&
      this.#ownedBy(dataPlane, 'Secret').some((secret) => isIssued(secret, uid, serialNumber))
    );
  }

  /** Maximum number of streams of its proxies at one replica: a rollout runs old and new ones side by side. */
  maxStreamsOf(dataPlane: DataPlaneId): number {
    return Math.max(MIN_MAX_STREAMS, 2 * this.expectedOf(dataPlane));
  }

  /** Why it does not run as configured, as text; null if no problem is known. */
  troubleOf(dataPlane: DataPlaneId): string | null {
    return this.#failures.get(dataPlane) ?? workloadTrouble(this.#workloads(dataPlane));
  }

  #workloads(dataPlane: DataPlaneId): readonly KubeObject[] {
    return ['Deployment', 'DaemonSet'].flatMap((kind) => this.#ownedBy(dataPlane, kind));
  }

  /** Only Gateways have infrastructure: the proxies of a mesh are not provisioned here. */
  #ownedBy(dataPlane: DataPlaneId, kind: string): readonly KubeObject[] {
    const identity = parseDataPlaneId(dataPlane);
    if (identity?.kind !== 'gateway') return [];
    const { namespace, name } = identity;
    const label = this.#labels.get(dataPlane) ?? gatewayId(namespace, name, platformDigest);
    this.#labels.set(dataPlane, label);
    return this.#owned.find(kind, namespace, label);
  }

  #request(delayMs = GATHER_MS): void {
    this.#isDirty = true;
    if (this.#isLeader && !this.#isRunning) this.#pending.request(delayMs);
  }

  async #run(): Promise<void> {
    if (this.#isRunning || !this.#isLeader || !this.#owned.synced) return;
    this.#isRunning = true;
    this.#isDirty = false;
    let results: readonly (ReconcileResult | 'failed')[] = ['failed'];
    try {
      results = await this.#provisionAll();
    } catch (error) {
      // A bug outside of any one Gateway: without this, no Gateway would be provisioned any more.
      this.#options.logger.error('provisioning failed, trying again', { error: String(error) });
    }
    this.#isRunning = false;
    this.#requestAgain(results);
  }

  /** For requests that arrived during the run, and for failed runs. */
  #requestAgain(results: readonly (ReconcileResult | 'failed')[]): void {
    const isDirty = this.#isDirty;
    if (results.includes('failed')) this.#request(RETRY_MS);
    else if (isDirty) this.#request();
    else if (results.includes('late')) this.#request(LATE_MS);
  }

  async #provisionAll(): Promise<readonly (ReconcileResult | 'failed')[]> {
    const results: (ReconcileResult | 'failed')[] = [];
    for (const spec of this.#wanted) {
      const { namespace, name } = spec.gateway;
      try {
        results.push(await this.#provisionOne(spec));
        this.#note(gatewayDataPlane(spec.gateway), null);
      } catch (error) {
        results.push('failed');
        this.#note(gatewayDataPlane(spec.gateway), error instanceof Error ? error.message : String(error));
        this.#options.logger.warn('not provisioned, trying again', { namespace, name, error: String(error) });
      }
    }
    return results;
  }

  #note(dataPlane: DataPlaneId, failure: string | null): void {
    if ((this.#failures.get(dataPlane) ?? null) === failure) return;
    if (failure === null) this.#failures.delete(dataPlane);
    else this.#failures.set(dataPlane, failure);
    this.#options.onChange();
  }

  async #provisionOne(spec: InfraSpec): Promise<ReconcileResult> {
    const { namespace, name } = spec.gateway;
    const gateway = this.#options.gateway(namespace, name);
    // A Gateway that is being deleted keeps its infrastructure until its last finalizer is removed.
    if (gateway?.metadata.uid === undefined || gateway.metadata.deletionTimestamp !== undefined)
      return 'done';
    const context: RenderContext = {
      gatewayUid: gateway.metadata.uid,
      image: this.#options.image,
      configAddress: this.#options.configAddress,
      hash: platformDigest,
    };
    const input = { spec, workload: spec.workload, context };
    const objects = renderGateway(input);
    const identity = objects.length > 0 ? await this.#ensureIdentity(input) : 'done';
    const rest = await this.#applier.reconcile(
      namespace,
      gatewayId(namespace, name, platformDigest),
      objects,
    );
    return identity === 'late' ? identity : rest;
  }

  /** The kubelet updates the Secret in running pods, and a proxy reads it again for each stream, so no stream is interrupted. */
  async #ensureIdentity(input: RenderInput): Promise<ReconcileResult> {
    const { gateway } = input.spec;
    const { gatewayUid } = input.context;
    const { namespace } = gateway;
    const dataPlane = gatewayDataPlane(gateway);
    const name = identitySecretName(input);
    const key = `${namespace}/${name}`;
    const live = this.#ownedBy(dataPlane, 'Secret').find(({ metadata }) => metadata.name === name);
    if (live !== undefined && this.#options.identities.isFresh(live, gatewayUid)) {
      this.#issued.delete(key);
      return 'done';
    }
    const version = live?.metadata.resourceVersion;
    if (isAwaited(this.#issued.get(key), gatewayUid, version)) return 'late';
    const metadata = { ...objectMetadata(input), name };
    await this.#options.identities.issueProxySecret({ dataPlane, uid: gatewayUid }, metadata, live);
    this.#issued.set(key, { gatewayUid, version, atMs: performance.now() });
    this.#options.logger.info('identity issued', { namespace, name: gateway.name });
    return 'done';
  }
}

/** Whether the watch still shows the Secret from before the issue. False for a Gateway that was re-created. */
const isAwaited = (issued: Issued | undefined, gatewayUid: string, version: string | undefined): boolean =>
  issued?.gatewayUid === gatewayUid &&
  issued.version === version &&
  performance.now() - issued.atMs < LATE_MS;
