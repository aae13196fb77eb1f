/** The pod of a proxy: non-root, read-only, without capabilities and without access to the API server. */
import type { Workload } from '../../ir/workload.ts';
import { grantedAnnotations } from './annotations.ts';
import { containerPorts, objectLabels, portName, resourceName, selectorLabels } from './names.ts';
import type { RenderInput } from './render.ts';

/** Admin and probes; on every address of the pod, since the kubelet asks from outside. */
const PROBE_PORT = 15_002;
/** What a PodMonitor scrapes. No listener's port is called so. */
const ADMIN_PORT_NAME = 'admin';
const NON_ROOT = 65_532;
/** Mount path of the certificate with which a proxy authenticates. */
const IDENTITY_FOLDER = '/etc/sluice/identity';

/** Name of the Secret that holds a Gateway's proxy identity: issued and rotated by the controller. */
export const identitySecretName = (input: Pick<RenderInput, 'spec' | 'context'>): string =>
  `${resourceName(input.spec, input.context.hash)}-identity`;

export function podTemplate(input: RenderInput): object {
  const { spec, workload, context } = input;
  return {
    metadata: { labels: objectLabels(spec, context.hash), annotations: grantedAnnotations(spec.annotations) },
    spec: {
      serviceAccountName: resourceName(spec, context.hash),
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: Math.ceil(workload.terminationGraceMs / 1000),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: NON_ROOT,
        runAsGroup: NON_ROOT,
        fsGroup: NON_ROOT,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      ...(workload.hostNetwork ? { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' } : {}),
      ...(workload.imagePullSecrets.length > 0
        ? { imagePullSecrets: workload.imagePullSecrets.map((name) => ({ name })) }
        : {}),
      ...(Object.keys(workload.nodeSelector).length > 0 ? { nodeSelector: workload.nodeSelector } : {}),
      ...(workload.tolerations.length > 0 ? { tolerations: workload.tolerations } : {}),
      ...(workload.priorityClassName === null ? {} : { priorityClassName: workload.priorityClassName }),
      ...topologySpread(input),
      containers: [container(input)],
      volumes: [
        { name: 'identity', secret: { secretName: identitySecretName(input), defaultMode: 0o440 } },
        // The last good configuration: a proxy that restarts without its controller serves it.
        { name: 'state', emptyDir: { sizeLimit: '256Mi' } },
      ],
    },
  };
}

function topologySpread({ spec, workload, context }: RenderInput): object {
  if (workload.topologySpread === 'None' || workload.scaling.kind === 'per-node') return {};
  return {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey:
          workload.topologySpread === 'Nodes' ? 'kubernetes.io/hostname' : 'topology.kubernetes.io/zone',
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorLabels(spec, context.hash) },
      },
    ],
  };
}

function container(input: RenderInput): object {
  const { spec, workload, context } = input;
  const ports = containerPorts(spec.ports, workload.hostNetwork);
  return {
    name: 'proxy',
    image: workload.image ?? context.image,
    ...(workload.imagePullPolicy === null ? {} : { imagePullPolicy: workload.imagePullPolicy }),
    args: proxyArguments(input, ports),
    env: [...LOCALITY, ...ALLOCATOR],
    ports: [
      ...spec.ports.map((port) => ({
        name: portName(port),
        containerPort: ports.get(port.number),
        protocol: port.transport.toUpperCase(),
      })),
      { name: ADMIN_PORT_NAME, containerPort: PROBE_PORT, protocol: 'TCP' },
    ],
    ...resources(workload),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    startupProbe: probe('/readyz', 1, 120),
    readinessProbe: probe('/readyz', 2, 2),
    livenessProbe: probe('/healthz', 10, 3),
    volumeMounts: [
      { name: 'identity', mountPath: IDENTITY_FOLDER, readOnly: true },
      { name: 'state', mountPath: '/var/lib/sluice' },
    ],
  };
}

/** For backends that prefer endpoints near the proxy. The zone is set if the cluster labels pods with it (KEP-4742). */
const LOCALITY = [
  { name: 'SLUICE_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
  {
    name: 'SLUICE_ZONE',
    valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } },
  },
];

/**
 * A configuration arrives in thousands of small buffers and a few large ones. After glibc's allocator has freed a large one, it takes further ones
 * from its heap and keeps freed memory there: about 20 MiB with 5,000 routes. With explicit limits it returns memory that the process that
 * follows the controller does not use; workers are started without them (run/worker-process.ts), since they use their buffers again.
 */
const ALLOCATOR = [
  { name: 'MALLOC_MMAP_THRESHOLD_', value: '16384' },
  { name: 'MALLOC_TRIM_THRESHOLD_', value: '131072' },
];

function proxyArguments(
  { spec, workload, context }: RenderInput,
  ports: ReadonlyMap<number, number>,
): readonly string[] {
  const moved = [...ports].filter(([port, bound]) => port !== bound);
  return [
    'proxy',
    `--gateway=${spec.gateway.namespace}/${spec.gateway.name}`,
    `--controller=${context.configAddress}`,
    `--identity=${IDENTITY_FOLDER}`,
    '--state=/var/lib/sluice',
    `--probes=0.0.0.0:${String(PROBE_PORT)}`,
    `--log-level=${workload.logLevel}`,
    `--access-log=${workload.accessLog.enabled ? 'stdout' : 'off'}`,
    `--access-log-sample=${String(workload.accessLog.samplePercent)}`,
    // The rest of the grace period covers the time until load balancers know that the pod is leaving.
    `--drain=${String(Math.max(1, Math.floor(workload.terminationGraceMs / 1000) - 10))}`,
    ...(workload.workers === null ? [] : [`--workers=${String(workload.workers)}`]),
    ...moved.map(([port, bound]) => `--map=${String(port)}=${String(bound)}`),
  ];
}

function resources({ requests, limits }: Workload): object {
  if (Object.keys(requests).length === 0 && Object.keys(limits).length === 0) return {};
  return {
    resources: {
      ...(Object.keys(requests).length > 0 ? { requests } : {}),
      ...(Object.keys(limits).length > 0 ? { limits } : {}),
    },
  };
}

const probe = (path: string, periodSeconds: number, failureThreshold: number): object => ({
  httpGet: { path, port: PROBE_PORT },
  periodSeconds,
  failureThreshold,
  timeoutSeconds: 2,
});
