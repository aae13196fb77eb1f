/**
 * The published configurations at one revision. States are immutable: a peer keeps the last state that was sent, and the next update is the
 * difference to the current one. Unchanged configurations are the same objects in both, so the comparison is cheap.
 */
import { encodeConfig } from '../ir/codec.ts';
import { diffConfig } from '../ir/config-patch.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { ConfigUpdate } from './protocol.ts';

export interface PublishedState {
  /** 0 before the first publication. */
  readonly revision: number;
  readonly configs: ReadonlyMap<DataPlaneId, GatewayConfig>;
}

export const NOTHING_PUBLISHED: PublishedState = { revision: 0, configs: new Map() };

/** The state with exactly these configurations; `before` itself if nothing changed. */
export function publishedAfter(before: PublishedState, configs: readonly GatewayConfig[]): PublishedState {
  const next = new Map<DataPlaneId, GatewayConfig>();
  let isSame = before.revision > 0 && before.configs.size === configs.length;
  for (const config of configs) {
    const old = before.configs.get(config.dataPlane);
    const keeps = old?.version === config.version && old.generation === config.generation;
    isSame &&= keeps;
    next.set(config.dataPlane, keeps ? old : config);
  }
  return isSame ? before : { revision: before.revision + 1, configs: next };
}

/** The update from `from` to `to` for a proxy; null if there are no changes. */
export function updateBetween(from: PublishedState, to: PublishedState): ConfigUpdate | null {
  if (from.revision === to.revision) return null;
  const configs: string[] = [];
  const patches: ConfigUpdate['patches'][number][] = [];
  for (const [dataPlane, config] of to.configs) {
    const old = from.configs.get(dataPlane);
    if (old === config) continue;
    if (old === undefined) configs.push(encodeConfig(config));
    else {
      const patch = diffConfig(old, config);
      if (patch !== null) patches.push({ dataPlane, patch });
    }
  }
  return {
    kind: 'update',
    revision: to.revision,
    whole: from.revision === 0,
    configs,
    patches,
    removed: [...from.configs.keys()].filter((key) => !to.configs.has(key)),
  };
}
