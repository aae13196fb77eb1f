/**
 * What to run for a Gateway, from its ProxyConfigs (the Gateway's overrides the class's), with defaults.
 * Plain values only: `infrastructure` turns them into objects of Kubernetes or into local processes.
 */

export interface Toleration {
  readonly key?: string;
  readonly operator?: 'Exists' | 'Equal';
  readonly value?: string;
  readonly effect?: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
  readonly tolerationSeconds?: number;
}

export type Scaling =
  | { readonly kind: 'fixed'; readonly replicas: number }
  | {
      readonly kind: 'auto';
      readonly minReplicas: number;
      readonly maxReplicas: number;
      readonly targetCpuPercent: number;
    }
  | { readonly kind: 'per-node' };

export interface ServiceSettings {
  /** `None`: no Service at all. */
  readonly type: 'LoadBalancer' | 'NodePort' | 'ClusterIP' | 'None';
  readonly nodePorts: readonly { readonly port: number; readonly nodePort: number }[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local' | null;
  readonly loadBalancerClass: string | null;
  readonly loadBalancerSourceRanges: readonly string[];
}

export interface Workload {
  readonly scaling: Scaling;
  /** null = the controller's own image. */
  readonly image: string | null;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never' | null;
  readonly imagePullSecrets: readonly string[];
  /** Kubernetes quantities by resource name. */
  readonly requests: Readonly<Record<string, string>>;
  readonly limits: Readonly<Record<string, string>>;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  readonly topologySpread: 'Nodes' | 'Zones' | 'None';
  readonly priorityClassName: string | null;
  readonly hostNetwork: boolean;
  readonly terminationGraceMs: number;
  readonly service: ServiceSettings;
  /** null = the CPU limit, rounded up. */
  readonly workers: number | null;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
  readonly accessLog: { readonly enabled: boolean; readonly samplePercent: number };
}

export const DEFAULT_WORKLOAD: Workload = {
  scaling: { kind: 'fixed', replicas: 2 },
  image: null,
  imagePullPolicy: null,
  imagePullSecrets: [],
  requests: { cpu: '100m', memory: '128Mi' },
  limits: {},
  nodeSelector: {},
  tolerations: [],
  topologySpread: 'Nodes',
  priorityClassName: null,
  hostNetwork: false,
  terminationGraceMs: 60_000,
  service: {
    type: 'LoadBalancer',
    nodePorts: [],
    externalTrafficPolicy: null,
    loadBalancerClass: null,
    loadBalancerSourceRanges: [],
  },
  workers: null,
  logLevel: 'info',
  accessLog: { enabled: true, samplePercent: 100 },
};
