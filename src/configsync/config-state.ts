/**
 * The controller's configuration with a memory of when each part changed, so that a proxy at any revision can be told exactly
 * what it lacks.
 */
import { encodeConfig } from '../ir/codec.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ClusterId } from '../ir/ids.ts';
import { gatewayKey, type ConfigUpdate, type GatewayKey } from './protocol.ts';

/** What to publish: configurations that differ from the last published ones. */
export interface ConfigChange {
  /** New, or changed in more than their endpoints. */
  readonly changed: readonly GatewayConfig[];
  /** Changed in their endpoints alone; `sets` are those that differ. */
  readonly endpointsChanged: readonly {
    readonly config: GatewayConfig;
    readonly sets: readonly EndpointSet[];
  }[];
  readonly removed: readonly GatewayKey[];
}

interface Entry {
  readonly config: GatewayConfig;
  /** Revision of the last change that was more than endpoints. */
  readonly changedAt: number;
  /** Revision of the last change of any kind: who acknowledged it serves this version. */
  readonly versionAt: number;
}

export class ConfigState {
  readonly #gateways = new Map<GatewayKey, Entry>();
  readonly #endpoints = new Map<ClusterId, { readonly set: EndpointSet; readonly changedAt: number }>();
  readonly #removedAt = new Map<GatewayKey, number>();
  #revision = 0;

  /** 0: nothing was published yet. */
  get revision(): number {
    return this.#revision;
  }

  get configs(): readonly GatewayConfig[] {
    return [...this.#gateways.values()].map(({ config }) => config);
  }

  /** What is published for a Gateway, and since which revision. */
  entry(key: GatewayKey): { readonly config: GatewayConfig; readonly versionAt: number } | null {
    return this.#gateways.get(key) ?? null;
  }

  publish({ changed, endpointsChanged, removed }: ConfigChange): void {
    const revision = ++this.#revision;
    for (const config of changed) {
      const key = gatewayKey(config.gateway);
      this.#gateways.set(key, { config, changedAt: revision, versionAt: revision });
      this.#removedAt.delete(key);
    }
    for (const { config, sets } of endpointsChanged) {
      const key = gatewayKey(config.gateway);
      const changedAt = this.#gateways.get(key)?.changedAt ?? revision;
      this.#gateways.set(key, { config, changedAt, versionAt: revision });
      for (const set of sets) this.#endpoints.set(set.cluster, { set, changedAt: revision });
    }
    for (const key of removed) {
      this.#gateways.delete(key);
      this.#removedAt.set(key, revision);
    }
    this.#forgetUnusedEndpoints();
  }

  /** What a proxy that was last sent `revision` lacks; null when nothing. 0 = it has nothing. */
  since(revision: number): ConfigUpdate | null {
    if (revision === this.#revision) return null;
    const whole = revision === 0;
    const entries = [...this.#gateways.values()].filter(({ changedAt }) => changedAt > revision);
    const sent = new Set(entries.flatMap(({ config }) => config.endpoints.map(({ cluster }) => cluster)));
    return {
      kind: 'update',
      revision: this.#revision,
      whole,
      gateways: entries.map(({ config }) => encodeConfig(config)),
      removed: whole
        ? []
        : [...this.#removedAt].filter(([, removedAt]) => removedAt > revision).map(([key]) => key),
      endpoints: [...this.#endpoints.values()]
        .filter(({ set, changedAt }) => changedAt > revision && !sent.has(set.cluster))
        .map(({ set }) => set),
    };
  }

  /** Drops what every proxy has been told: removals up to `revision`. */
  forget(revision: number): void {
    for (const [key, removedAt] of this.#removedAt) {
      if (removedAt <= revision) this.#removedAt.delete(key);
    }
  }

  #forgetUnusedEndpoints(): void {
    if (this.#endpoints.size === 0) return;
    const used = new Set(
      [...this.#gateways.values()].flatMap(({ config }) => config.endpoints.map(({ cluster }) => cluster)),
    );
    for (const cluster of this.#endpoints.keys()) if (!used.has(cluster)) this.#endpoints.delete(cluster);
  }
}
