/**
 * What must be published: configurations that differ from the published ones, and those of them that differ in endpoints alone, which
 * proxies take without compiling anything.
 */
import { gatewayKey } from '../configsync/protocol.ts';
import type { ConfigChange } from '../configsync/config-state.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { Redacted } from '../ir/tls.ts';

/** null when nothing differs. */
export function changeBetween(
  before: readonly GatewayConfig[],
  after: readonly GatewayConfig[],
): ConfigChange | null {
  const published = new Map(before.map((config) => [gatewayKey(config.gateway), config]));
  const changed: GatewayConfig[] = [];
  const endpointsChanged: { config: GatewayConfig; sets: readonly EndpointSet[] }[] = [];
  for (const config of after) {
    const key = gatewayKey(config.gateway);
    const old = published.get(key);
    published.delete(key);
    if (old?.version === config.version && old.generation === config.generation) continue;
    if (old === undefined || !sameButEndpoints(old, config)) changed.push(config);
    else endpointsChanged.push({ config, sets: changedSets(old, config) });
  }
  const removed = [...published.keys()];
  const isEmpty = changed.length + endpointsChanged.length + removed.length === 0;
  return isEmpty ? null : { changed, endpointsChanged, removed };
}

function sameButEndpoints(a: GatewayConfig, b: GatewayConfig): boolean {
  return sameContent({ ...a, version: '', endpoints: [] }, { ...b, version: '', endpoints: [] });
}

function changedSets(before: GatewayConfig, after: GatewayConfig): readonly EndpointSet[] {
  const old = new Map(before.endpoints.map((set) => [set.cluster, set]));
  return after.endpoints.filter((set) => !sameContent(old.get(set.cluster), set));
}

/** Plain data by content; what is the same object is not looked into. */
function sameContent(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Redacted || b instanceof Redacted) {
    return a instanceof Redacted && b instanceof Redacted && a.reveal() === b.reveal();
  }
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  const keys = Object.keys(left);
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && sameContent(left[key], right[key]))
  );
}
