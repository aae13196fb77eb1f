/**
 * Reconciles a Gateway's objects with the output of `renderGateway`: server-side apply (drift in Sluice's fields is repaired, other
 * writers' fields stay), and removal of objects that are no longer wanted. Unchanged objects are not written.
 */
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { apiVersionOf, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { GATEWAY_ID_LABEL } from './names.ts';
import { project } from './projection.ts';
import type { KubernetesObject } from './render.ts';

const kind = (group: string, version: string, name: string, plural: string): KindInfo => ({
  kind: name,
  group,
  version,
  plural,
  namespaced: true,
});

export const SECRET_KIND = kind('', 'v1', 'Secret', 'secrets');

/** Every kind that is rendered for a Gateway, in the order in which leftovers are searched. */
const RENDERED_KINDS: readonly KindInfo[] = [
  kind('', 'v1', 'ServiceAccount', 'serviceaccounts'),
  kind('', 'v1', 'Service', 'services'),
  kind('apps', 'v1', 'Deployment', 'deployments'),
  kind('apps', 'v1', 'DaemonSet', 'daemonsets'),
  kind('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  kind('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers'),
];

/** Everything that a Gateway may own. */
export const OWNED_KINDS: readonly KindInfo[] = [SECRET_KIND, ...RENDERED_KINDS];

const FIELD_MANAGER = 'sluice-infrastructure';

/** The live objects with Sluice's label, from the controller's watches. */
export interface OwnedObjects {
  /** Objects of a kind with the Gateway's id. */
  find(kind: string, namespace: string, gatewayId: string): readonly KubeObject[];
}

interface Applied {
  /** What was applied last. */
  readonly wanted: string;
  /** The same fields as the API server returned them, with its defaults and normal forms. */
  readonly appliedFields: string;
  /**
   * Version of the object as it was seen before, undefined for none: while it is still seen, the watch is only late. null once
   * the watch has shown what was applied.
   */
  readonly basedOn: string | undefined | null;
  readonly atMs: number;
}

/** Maximum time to wait for a watch. */
export const LATE_MS = 5_000;

/** `late`: the watch has not yet shown the last write of some object: reconcile again after `LATE_MS`. */
export type ReconcileResult = 'done' | 'late';

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

  /** Resolves when every object is as wanted; the first failure rejects after the others have been attempted. */
  async reconcile(
    namespace: string,
    gatewayId: string,
    wanted: readonly KubernetesObject[],
  ): Promise<ReconcileResult> {
    const failures: unknown[] = [];
    const note = (error: unknown): void => {
      failures.push(error);
    };
    let outcome: ReconcileResult = 'done';
    for (const object of wanted) {
      if ((await this.#apply(object).catch(note)) === 'late') outcome = 'late';
    }
    const keep = new Set(wanted.map(({ kind: name, metadata }) => `${name} ${metadata.name}`));
    for (const info of RENDERED_KINDS) {
      for (const { metadata } of this.#owned.find(info.kind, namespace, gatewayId)) {
        if (keep.has(`${info.kind} ${metadata.name}`) || metadata.deletionTimestamp !== undefined) continue;
        await this.#remove(info, namespace, metadata.name).catch(note);
      }
    }
    if (failures.length > 0) throw failures[0];
    return outcome;
  }

  async #apply(object: KubernetesObject): Promise<ReconcileResult> {
    const info = RENDERED_KINDS.find((candidate) => candidate.kind === object.kind);
    if (info === undefined) throw new Error(`${object.kind} is not a kind that Gateways get`);
    const { namespace, name, labels } = object.metadata;
    const key = `${object.kind} ${namespace}/${name}`;
    const wanted = canonicalJson(object);
    const before = this.#applied.get(key);
    const live = this.#owned
      .find(object.kind, namespace, labels[GATEWAY_ID_LABEL] ?? '')
      .find(({ metadata }) => metadata.name === name);
    const liveFields = live === undefined ? null : canonicalJson(project(live, object));
    const basedOn = live?.metadata.resourceVersion;
    if (before?.wanted === wanted) {
      if (liveFields === before.appliedFields) {
        this.#applied.set(key, { ...before, basedOn: null });
        return 'done';
      }
      if (basedOn === before.basedOn && performance.now() - before.atMs < LATE_MS) return 'late';
      this.#logger.info('drift repaired', { kind: object.kind, namespace, name });
    }
    const result = await this.#client.call({
      method: 'PATCH',
      path: objectPath(info, namespace, name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: { ...object, apiVersion: apiVersionOf(info) },
    });
    const appliedFields = canonicalJson(project(result, object));
    this.#applied.set(key, { wanted, appliedFields, basedOn, atMs: performance.now() });
    return 'done';
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
