/** Live objects of Gateways: everything with Sluice's label, by kind and Gateway. */
import { OWNED_KINDS, SECRET_KIND, type OwnedObjects } from '../infrastructure/kubernetes/applier.ts';
import { GATEWAY_ID_LABEL } from '../infrastructure/kubernetes/names.ts';
import type { KubeClient, KubeObject } from '../kubeapi/client.ts';
import { KindCache } from '../kubeapi/kind-cache.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface OwnedCacheOptions {
  readonly client: KubeClient;
  readonly namespaces: readonly string[] | null;
  readonly logger: Logger;
  readonly onChange: () => void;
}

interface Index {
  /** The list that it was computed from. */
  readonly objects: readonly KubeObject[];
  /** By namespace and Gateway id. */
  readonly byGateway: ReadonlyMap<string, readonly KubeObject[]>;
}

export class OwnedCache implements OwnedObjects {
  readonly #caches: ReadonlyMap<string, KindCache>;
  readonly #indexes = new Map<string, Index>();

  constructor(options: OwnedCacheOptions) {
    this.#caches = new Map(
      OWNED_KINDS.map((kind) => [
        kind.kind,
        // For Secrets, metadata is enough: the controller does not need the keys of proxies after writing them.
        new KindCache({
          ...options,
          kind,
          labelSelector: GATEWAY_ID_LABEL,
          metadataOnly: kind === SECRET_KIND,
        }),
      ]),
    );
  }

  get synced(): boolean {
    return [...this.#caches.values()].every(({ synced }) => synced);
  }

  find(kind: string, namespace: string, gatewayId: string): readonly KubeObject[] {
    return this.#indexOf(kind).get(`${namespace}/${gatewayId}`) ?? [];
  }

  /** Namespaces and ids of all Gateways that own an object. */
  gateways(): ReadonlySet<string> {
    return new Set(OWNED_KINDS.flatMap(({ kind }) => [...this.#indexOf(kind).keys()]));
  }

  start(): void {
    for (const cache of this.#caches.values()) cache.start();
  }

  stop(): void {
    for (const cache of this.#caches.values()) cache.stop();
  }

  #indexOf(kind: string): Index['byGateway'] {
    const objects = this.#caches.get(kind)?.objects() ?? [];
    let index = this.#indexes.get(kind);
    if (index?.objects !== objects) {
      index = { objects, byGateway: Map.groupBy(objects, keyOf) };
      this.#indexes.set(kind, index);
    }
    return index.byGateway;
  }
}

const keyOf = ({ metadata }: KubeObject): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.[GATEWAY_ID_LABEL] ?? ''}`;
