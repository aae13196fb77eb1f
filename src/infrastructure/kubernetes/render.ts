/**
 * The Kubernetes objects of one Gateway: ServiceAccount, Deployment or DaemonSet, Services, PodDisruptionBudget and, where asked,
 * HorizontalPodAutoscaler. Pure: the same Gateway and settings give the same objects, so drift is a difference to repair.
 */
import type { InfraAddress, InfraSpec } from '../../ir/infra.ts';
import type { Workload } from '../../ir/workload.ts';
import { grantedAnnotations } from './annotations.ts';
import { containerPorts, objectLabels, portName, resourceName, selectorLabels, type Hash } from './names.ts';
import { podTemplate } from './pod.ts';

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
    readonly ownerReferences: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

/** The Gateway owns its objects, so that Kubernetes deletes them with it. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
  readonly blockOwnerDeletion: true;
}

/** Settings of the controller. */
export interface RenderContext {
  readonly gatewayUid: string;
  readonly image: string;
  /** `host:port` at which proxies reach the controller's configuration stream. */
  readonly configAddress: string;
  readonly hash: Hash;
}

export interface RenderInput {
  readonly spec: InfraSpec;
  readonly workload: Workload;
  readonly context: RenderContext;
}

/** Objects to apply, each after the ones that it needs. */
export function renderGateway(input: RenderInput): readonly KubernetesObject[] {
  const { spec, workload } = input;
  if (spec.ports.length === 0) return [];
  return [
    serviceAccount(input),
    workloadObject(input),
    ...disruptionBudget(input),
    ...autoscaler(input),
    ...(workload.service.type === 'None' ? [] : services(input)),
  ];
}

/** Metadata of every object of the Gateway; `suffix` distinguishes several of one kind. */
export function objectMetadata({ spec, context }: RenderInput, suffix = ''): KubernetesObject['metadata'] {
  return {
    name: resourceName(spec, context.hash) + suffix,
    namespace: spec.gateway.namespace,
    labels: objectLabels(spec, context.hash),
    annotations: grantedAnnotations(spec.annotations),
    ownerReferences: [
      {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'Gateway',
        name: spec.gateway.name,
        uid: context.gatewayUid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}

/** Proxies never talk to the API server: no token is mounted. */
const serviceAccount = (input: RenderInput): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: objectMetadata(input),
  automountServiceAccountToken: false,
});

function workloadObject(input: RenderInput): KubernetesObject {
  const { spec, workload, context } = input;
  const common = {
    selector: { matchLabels: selectorLabels(spec, context.hash) },
    template: podTemplate(input),
    minReadySeconds: 0,
  };
  if (workload.scaling.kind === 'per-node') {
    return {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: objectMetadata(input),
      // A host port can be bound only once: with hostNetwork the old proxy stops before the new one starts.
      spec: {
        ...common,
        updateStrategy: {
          type: 'RollingUpdate',
          rollingUpdate: workload.hostNetwork
            ? { maxUnavailable: 1, maxSurge: 0 }
            : { maxUnavailable: 0, maxSurge: 1 },
        },
      },
    };
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: objectMetadata(input),
    spec: {
      ...common,
      // Omitted with autoscaling: then the autoscaler owns the field.
      ...(workload.scaling.kind === 'fixed' ? { replicas: workload.scaling.replicas } : {}),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: '25%' } },
      revisionHistoryLimit: 3,
    },
  };
}

/** Voluntary disruption takes one proxy at a time; a single proxy may be evicted, or its node could never be drained. */
function disruptionBudget(input: RenderInput): readonly KubernetesObject[] {
  const { spec, workload, context } = input;
  if (workload.scaling.kind === 'per-node') return [];
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: objectMetadata(input),
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(spec, context.hash) } },
    },
  ];
}

function autoscaler(input: RenderInput): readonly KubernetesObject[] {
  const { scaling } = input.workload;
  if (scaling.kind !== 'auto') return [];
  const meta = objectMetadata(input);
  return [
    {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: meta,
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: meta.name },
        minReplicas: scaling.minReplicas,
        maxReplicas: scaling.maxReplicas,
        metrics: [
          {
            type: 'Resource',
            resource: {
              name: 'cpu',
              target: { type: 'Utilization', averageUtilization: scaling.targetCpuPercent },
            },
          },
        ],
      },
    },
  ];
}

/**
 * One Service for each requested address value in `spec.addresses`, otherwise one: a Service has a single requested
 * load-balancer address, and its status says whether it was given.
 */
function services(input: RenderInput): readonly KubernetesObject[] {
  const wanted = input.spec.addresses.filter(hasValue);
  if (wanted.length === 0) return [service(input, '', null)];
  return wanted.map((address, index) =>
    service(input, index === 0 ? '' : `-${String(index)}`, address.value),
  );
}

const hasValue = (address: InfraAddress): address is InfraAddress & { readonly value: string } =>
  address.value !== null;

function service(input: RenderInput, suffix: string, address: string | null): KubernetesObject {
  const { spec, workload, context } = input;
  const { service: settings } = workload;
  const targets = containerPorts(spec.ports, workload.hostNetwork);
  const nodePorts = new Map(settings.nodePorts.map(({ port, nodePort }) => [port, nodePort]));
  const isBalanced = settings.type === 'LoadBalancer';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: objectMetadata(input, suffix),
    spec: {
      type: settings.type,
      selector: selectorLabels(spec, context.hash),
      ports: spec.ports.map((port) => {
        const nodePort = suffix === '' ? nodePorts.get(port.number) : undefined;
        return {
          name: portName(port),
          port: port.number,
          protocol: port.transport.toUpperCase(),
          targetPort: targets.get(port.number),
          ...(nodePort === undefined ? {} : { nodePort }),
        };
      }),
      ...(isBalanced && address !== null ? { loadBalancerIP: address } : {}),
      ...(!isBalanced && address !== null ? { externalIPs: [address] } : {}),
      ...(settings.externalTrafficPolicy !== null && settings.type !== 'ClusterIP'
        ? { externalTrafficPolicy: settings.externalTrafficPolicy }
        : {}),
      ...(isBalanced && settings.loadBalancerClass !== null
        ? { loadBalancerClass: settings.loadBalancerClass }
        : {}),
      ...(isBalanced && settings.loadBalancerSourceRanges.length > 0
        ? { loadBalancerSourceRanges: settings.loadBalancerSourceRanges }
        : {}),
    },
  };
}
