/** Lowers ProxyConfigs, weakest first, to infrastructure and proxy settings. Each field comes from the strongest spec that sets it. */
import { DEFAULT_PROXY_SETTINGS, type ProxySettings } from '../../ir/gateway-config.ts';
import { DEFAULT_WORKLOAD, type Scaling, type ServiceSettings, type Workload } from '../../ir/workload.ts';
import type { ProxyConfigSettings } from '../graph/proxy-config-settings.ts';
import { lowerClientLimits } from './client-limits.ts';

type Specs = readonly ProxyConfigSettings[];

/** Merges a part of the ProxyConfigs: each member comes from the strongest spec that has it. Lists and maps are not merged. */
function merge<Part extends object>(
  specs: Specs,
  part: (spec: ProxyConfigSettings) => Part | undefined,
): Partial<Part> {
  return Object.assign({}, ...specs.map((spec) => part(spec) ?? {})) as Partial<Part>;
}

/** `trustedCidrs`: the default if no spec sets any. */
export function lowerSettings(specs: Specs, trustedCidrs: readonly string[]): ProxySettings {
  const proxy = merge(specs, (spec) => spec.proxy);
  const fallback = DEFAULT_PROXY_SETTINGS;
  return {
    trustedCidrs: proxy.trustedCIDRs ?? trustedCidrs,
    acceptProxyProtocol: proxy.acceptProxyProtocol ?? fallback.acceptProxyProtocol,
    grpcWeb: proxy.grpcWeb ?? fallback.grpcWeb,
    reasonHeader: proxy.reasonHeader ?? fallback.reasonHeader,
    headersWithUnderscores: proxy.headersWithUnderscores ?? fallback.headersWithUnderscores,
    limits: lowerClientLimits(
      merge(specs, (spec) => spec.limits),
      {
        ...merge(specs, (spec) => spec.timeouts),
        slowBody: merge(specs, (spec) => spec.timeouts?.slowBody),
      },
    ),
  };
}

export function lowerWorkload(specs: Specs): Workload {
  const workload = merge(specs, (spec) => spec.workload);
  const resources = merge(specs, (spec) => spec.workload?.resources);
  const proxy = merge(specs, (spec) => spec.proxy);
  const accessLog = merge(specs, (spec) => spec.proxy?.accessLog);
  const fallback = DEFAULT_WORKLOAD;
  return {
    scaling: lowerScaling(specs),
    image: workload.image ?? fallback.image,
    imagePullPolicy: workload.imagePullPolicy ?? fallback.imagePullPolicy,
    imagePullSecrets: (workload.imagePullSecrets ?? []).map(({ name }) => name),
    requests: { ...fallback.requests, ...quantities(resources.requests) },
    limits: quantities(resources.limits),
    nodeSelector: workload.nodeSelector ?? fallback.nodeSelector,
    tolerations: workload.tolerations ?? fallback.tolerations,
    topologySpread: workload.topologySpread ?? fallback.topologySpread,
    priorityClassName: workload.priorityClassName ?? fallback.priorityClassName,
    hostNetwork: workload.hostNetwork ?? fallback.hostNetwork,
    terminationGraceMs: workload.terminationGracePeriod ?? fallback.terminationGraceMs,
    service: lowerService(specs),
    workers: proxy.workers ?? fallback.workers,
    logLevel: proxy.logLevel ?? fallback.logLevel,
    accessLog: { ...fallback.accessLog, ...accessLog },
  };
}

function lowerService(specs: Specs): ServiceSettings {
  const service = merge(specs, (spec) => spec.service);
  const fallback = DEFAULT_WORKLOAD.service;
  return {
    type: service.type ?? fallback.type,
    nodePorts: service.nodePorts ?? fallback.nodePorts,
    externalTrafficPolicy: service.externalTrafficPolicy ?? fallback.externalTrafficPolicy,
    loadBalancerClass: service.loadBalancerClass ?? fallback.loadBalancerClass,
    loadBalancerSourceRanges: service.loadBalancerSourceRanges ?? fallback.loadBalancerSourceRanges,
  };
}

const MIN_REPLICAS = 2;
const TARGET_CPU_PERCENT = 80;

/**
 * The scaling fields exclude each other, so the strongest spec that sets any of them decides alone. Exception: if it
 * only selects a Deployment, a weaker spec may set the number of proxies.
 */
function lowerScaling(specs: Specs): Scaling {
  let isDeployment = false;
  for (const { workload = {} } of specs.toReversed()) {
    const { kind, replicas, autoscaling } = workload;
    if (replicas !== undefined) return { kind: 'fixed', replicas };
    if (autoscaling !== undefined) {
      const { minReplicas, maxReplicas, targetCPUUtilizationPercent = TARGET_CPU_PERCENT } = autoscaling;
      return {
        kind: 'auto',
        minReplicas: minReplicas ?? Math.min(MIN_REPLICAS, maxReplicas),
        maxReplicas,
        targetCpuPercent: targetCPUUtilizationPercent,
      };
    }
    if (kind === 'Deployment') isDeployment = true;
    if (kind === 'DaemonSet' && !isDeployment) return { kind: 'per-node' };
  }
  return DEFAULT_WORKLOAD.scaling;
}

function quantities(
  values: Readonly<Record<string, number | string>> | undefined,
): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [name, String(value)]));
}
