/**
 * Brings a Gateway's objects to what `renderGateway` wants: server-side apply (drift in our fields is repaired, other
 * writers' fields stay), and removal of what is no longer wanted. What is already so is not written.
 */
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { ApiError } from '../../kubeapi/client.ts';
import { apiVersionOf, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { GATEWAY_ID_LABEL } from './names.ts';
import type { KubernetesObject } from './render.ts';

const kind = (group: string, version: string, name: string, plural: string): KindInfo => ({
  kind: name,
  group,
  version,
  plural,
  namespaced: true,
});

/** Every kind that may be made for a Gateway; the order in which they are looked through for leftovers. */
export const OWNED_KINDS: readonly KindInfo[] = [
  kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  kind('', 'v1', 'Secret', 'secrets'),
  kind('', 'v1', 'Service', 'services'),
  kind('apps', 'v1', 'Deployment', 'deployments'),
  kind('apps', 'v1', 'DaemonSet', 'daemonsets'),
  kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
];

const FIELD_MANAGER = 'sluice-infrastructure';

/** What stands in the cluster with our label, kept by watches of the controller. */
export interface OwnedObjects {
  /** Objects of `kind` that carry the Gateway's id. */
  find(kind: KindInfo, namespace: string, gatewayId: string): readonly KubeObject[];
}

interface Applied {
  /** Hash-free comparison: the text that was applied last, and the version that resulted. */
  readonly wanted: string;
  readonly resourceVersion: string;
}

export class Applier {
  readonly #client: KubeClient;
  readonly #owned: OwnedObjects;
  readonly #logger: Logger;
  readonly #applied = new Map<string, Applied>();

  constructor(client: KubeClient, owned: OwnedObjects, logger: Logger) {
    this.#client = client;
    this.#owned = owned;
    this.#logger = logger;
  }

  /** Resolves when everything stands as wanted; the first failure rejects after the rest has been tried. */
  async reconcile(namespace: string, gatewayId: string, wanted: readonly KubernetesObject[]): Promise<void> {
    const failures: Error[] = [];
    for (const object of wanted) {
      await this.#apply(object).catch((error: unknown) => failures.push(toError(error)));
    }
    const keep = new Set(wanted.map(({ kind: name, metadata }) => `${name} ${metadata.name}`));
    for (const owned of OWNED_KINDS) {
      for (const { metadata } of this.#owned.find(owned, namespace, gatewayId)) {
        // The identity is made apart, and goes with the Gateway that owns it.
        if (owned.kind === 'Secret' || keep.has(`${owned.kind} ${metadata.name}`)) continue;
        await this.#remove(owned, namespace, metadata.name).catch((error: unknown) =>
          failures.push(toError(error)),
        );
      }
    }
    const [first] = failures;
    if (first !== undefined) throw first;
  }

  async #apply(object: KubernetesObject): Promise<void> {
    const info = OWNED_KINDS.find((candidate) => candidate.kind === object.kind);
    if (info === undefined) throw new Error(`${object.kind} is not a kind that Gateways get`);
    const { namespace, name, labels } = object.metadata;
    const key = `${object.kind} ${namespace}/${name}`;
    const text = canonicalJson(object);
    const before = this.#applied.get(key);
    const standing = this.#owned
      .find(info, namespace, labels[GATEWAY_ID_LABEL] ?? '')
      .find(({ metadata }) => metadata.name === name);
    // Ours is the newest write of this object, and it said the same: nothing to do.
    if (before?.wanted === text && standing?.metadata.resourceVersion === before.resourceVersion) return;
    const result = (await this.#client.call({
      method: 'PATCH',
      path: objectPath(info, namespace, name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: { ...object, apiVersion: apiVersionOf(info) },
    })) as KubeObject;
    this.#applied.set(key, { wanted: text, resourceVersion: result.metadata.resourceVersion ?? '' });
  }

  async #remove(info: KindInfo, namespace: string, name: string): Promise<void> {
    this.#applied.delete(`${info.kind} ${namespace}/${name}`);
    try {
      await this.#client.call({ method: 'DELETE', path: objectPath(info, namespace, name) });
      this.#logger.info('removed', { kind: info.kind, namespace, name });
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    }
  }
}

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
