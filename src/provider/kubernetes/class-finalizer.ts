/**
 * Keeps a GatewayClass from being deleted while Gateways use it, by the finalizer that the Gateway API names for this (GatewayClass
 * type comment: "gateway-exists-finalizer").
 */
import { KINDS } from '../../gatewayapi/kinds.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { apiVersionOf, objectPath } from '../../kubeapi/kind-info.ts';
import { splitApiVersion } from '../../gatewayapi/validation/api-version.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { kindAtVersion } from './kind-at-version.ts';

const CLASS_FINALIZER = 'gateway-exists-finalizer.gateway.networking.k8s.io';
const FIELD_MANAGER = 'sluice-gateway-class';

export interface ClassUse {
  readonly gatewayClass: KubeObject;
  /** Whether any Gateway refers to it. */
  readonly isUsed: boolean;
}

export class ClassFinalizer {
  readonly #client: KubeClient;
  readonly #logger: Logger;
  readonly #busy = new Set<string>();

  constructor(client: KubeClient, logger: Logger) {
    this.#client = client;
    this.#logger = logger;
  }

  /** Adds or removes the finalizer of each class. A failed write is retried with the next call. */
  async reconcile(classes: readonly ClassUse[]): Promise<void> {
    await Promise.all(
      classes.map(async ({ gatewayClass, isUsed }) => {
        const { name, finalizers = [], deletionTimestamp } = gatewayClass.metadata;
        if (finalizers.includes(CLASS_FINALIZER) === isUsed || this.#busy.has(name)) return;
        // No finalizer can be added to an object that is being deleted.
        if (isUsed && deletionTimestamp !== undefined) return;
        this.#busy.add(name);
        try {
          await this.#apply(gatewayClass, isUsed);
        } catch (error) {
          this.#logger.warn('finalizer not written', { gatewayClass: name, error: String(error) });
        } finally {
          this.#busy.delete(name);
        }
      }),
    );
  }

  /** Server-side apply: finalizers are a set, and Sluice owns only this one. */
  async #apply({ apiVersion, metadata: { name } }: KubeObject, isUsed: boolean): Promise<void> {
    const kind = kindAtVersion(KINDS.gatewayClasses, splitApiVersion(apiVersion).version);
    await this.#client.call({
      method: 'PATCH',
      path: objectPath(kind, '', name),
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body: {
        apiVersion: apiVersionOf(kind),
        kind: kind.kind,
        metadata: { name, ...(isUsed ? { finalizers: [CLASS_FINALIZER] } : {}) },
      },
    });
  }
}
