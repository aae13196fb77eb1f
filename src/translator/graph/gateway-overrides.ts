/**
 * The fields that a Gateway's ProxyConfig may override. The controller creates pods and Services with its own permissions,
 * so only the owner of the class may set fields that run other code, reach a node or claim an address, unless the class delegates them.
 */
import type { Gateway } from '../../gatewayapi/generated/types.ts';
import { DEFAULT_WORKLOAD } from '../../ir/workload.ts';
import type { ProxyConfigNode } from './nodes.ts';
import type { ProxyConfigSettings } from './proxy-config-settings.ts';

/** Allowed unless the class says otherwise: they affect only the tenant's own namespace and proxies. */
export const DEFAULT_OVERRIDES: readonly string[] = [
  'workload.kind',
  'workload.replicas',
  'workload.autoscaling',
  'workload.resources',
  'workload.topologySpread',
  'workload.terminationGracePeriod',
  'proxy',
  'limits',
  'timeouts',
];

export interface Overrides {
  /** The Gateway's own settings without those that the class does not allow. */
  readonly settings: ProxyConfigSettings;
  /** Field paths below `spec` that are ignored. */
  readonly refused: readonly string[];
}

/** `own`: the Gateway's ProxyConfig; `ofClass`: its class's, null without one. */
export function allowedOverrides(own: ProxyConfigNode, ofClass: ProxyConfigNode | null): Overrides {
  const allowed = new Set(ofClass?.settings.gatewayOverrides?.allow ?? DEFAULT_OVERRIDES);
  const isAllowed = (block: string, field: string): boolean =>
    allowed.has('*') || allowed.has(block) || allowed.has(`${block}.${field}`);
  const refused: string[] = [];
  const { gatewayOverrides, ...blocks } = own.settings;
  // A Gateway cannot delegate fields to itself.
  if (gatewayOverrides !== undefined) refused.push('gatewayOverrides');
  const kept = Object.entries(blocks).map(([block, fields]) => {
    const left = Object.entries(fields).filter(([field]) => {
      if (isAllowed(block, field)) return true;
      refused.push(`${block}.${field}`);
      return false;
    });
    return [block, Object.fromEntries(left)] as const;
  });
  return refused.length === 0
    ? { settings: own.settings, refused }
    : { settings: Object.fromEntries(kept), refused: refused.toSorted() };
}

/**
 * Addresses that would become `externalIPs` of a Service although the class does not allow it. An external IP receives the traffic that
 * every node sends to that address, regardless of its owner (CVE-2020-8554). A load balancer assigns only its own addresses.
 */
export function externalIpsRefused(
  { spec: { addresses = [] } }: Gateway,
  settings: readonly ProxyConfigSettings[],
  ofClass: ProxyConfigNode | null,
): readonly string[] {
  if (ofClass?.settings.gatewayOverrides?.externalIPs === true) return [];
  const types = settings.flatMap(({ service }) => service?.type ?? []);
  const type = types.at(-1) ?? DEFAULT_WORKLOAD.service.type;
  if (type === 'LoadBalancer' || type === 'None') return [];
  return addresses.flatMap(({ value = '' }) => (value === '' ? [] : [value]));
}
