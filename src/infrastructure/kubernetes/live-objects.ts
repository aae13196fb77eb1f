/** Evaluates a Gateway's live objects: its addresses, the expected number of proxies, and why they are missing. Pure. */
import type { Scaling } from '../../ir/workload.ts';
import type { KubeObject } from '../../kubeapi/client.ts';

interface ServiceObject extends KubeObject {
  readonly spec?: {
    readonly type?: string;
    readonly clusterIPs?: readonly string[];
    readonly externalIPs?: readonly string[];
  };
  readonly status?: {
    readonly loadBalancer?: {
      readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[];
    };
  };
}

interface WorkloadObject extends KubeObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: {
    readonly desiredNumberScheduled?: number;
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly message?: string;
    }[];
  };
}

export interface LiveAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
}

/** Each address once, in the order of the Services' names. */
export function addressesOfServices(services: readonly KubeObject[]): readonly LiveAddress[] {
  const sorted = services.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const found = sorted.flatMap((service) => addressesOf(service as ServiceObject));
  return [...new Map(found.map((address) => [address.value, address])).values()];
}

function addressesOf({ spec, status }: ServiceObject): readonly LiveAddress[] {
  if (spec?.type === 'LoadBalancer') {
    return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }): LiveAddress[] => {
      if (ip !== undefined) return [{ type: 'IPAddress', value: ip }];
      return hostname === undefined ? [] : [{ type: 'Hostname', value: hostname }];
    });
  }
  const { externalIPs = [], clusterIPs = [] } = spec ?? {};
  // Requested addresses are the ones that clients know; the cluster's own are for internal use.
  const values = externalIPs.length > 0 ? externalIPs : clusterIPs.filter((value) => value !== 'None');
  return values.map((value) => ({ type: 'IPAddress', value }));
}

/** A Deployment's replicas, a DaemonSet's scheduled pods; before either exists, the configured number. */
export function desiredProxies(workloads: readonly KubeObject[], scaling: Scaling | null): number {
  const desired = workloads.map((workload) => {
    const { kind, spec, status } = workload as WorkloadObject;
    return kind === 'DaemonSet' ? (status?.desiredNumberScheduled ?? 0) : (spec?.replicas ?? 1);
  });
  return desired.length === 0 ? askedFor(scaling) : desired.reduce((sum, count) => sum + count, 0);
}

/** Why a workload lacks pods, as the cluster's own controllers report it; null when they report nothing. */
export function workloadTrouble(workloads: readonly KubeObject[]): string | null {
  const conditions = workloads.flatMap((workload) => (workload as WorkloadObject).status?.conditions ?? []);
  // A quota or an admission rule that rejects pods is more specific than a lack of progress.
  const found =
    conditions.find(({ type, status }) => type === 'ReplicaFailure' && status === 'True') ??
    conditions.find(({ type, status }) => type === 'Progressing' && status === 'False');
  return found?.message ?? null;
}

function askedFor(scaling: Scaling | null): number {
  switch (scaling?.kind) {
    case 'fixed':
      return scaling.replicas;
    case 'auto':
      return scaling.minReplicas;
    case 'per-node':
    case undefined:
      return 1;
  }
}
