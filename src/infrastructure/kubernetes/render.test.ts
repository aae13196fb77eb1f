import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import type { InfraSpec } from '../../ir/infra.ts';
import { DEFAULT_WORKLOAD, type Workload } from '../../ir/workload.ts';
import { renderGateway, type KubernetesObject } from './render.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

function render(
  changes: Partial<InfraSpec> = {},
  workload: Partial<Workload> = {},
): readonly KubernetesObject[] {
  const spec: InfraSpec = {
    gateway: { kind: 'Gateway', namespace: 'shop', name: 'web' },
    generation: 3,
    gatewayClass: 'sluice',
    ports: [
      { number: 80, transport: 'tcp' },
      { number: 5353, transport: 'udp' },
    ],
    labels: { team: 'shop' },
    annotations: { 'example.net/note': 'kept' },
    addresses: [],
    workload: { ...DEFAULT_WORKLOAD, ...workload },
    ...changes,
  };
  const context = { gatewayUid: 'uid-1', image: 'sluice:1', configAddress: 'sluice.svc:15010', hash };
  return renderGateway({ spec, workload: spec.workload, context });
}

/** A value at a path such as `spec.ports.0.port`. */
function at(object: KubernetesObject | undefined, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], object);
}

const ofKind = (objects: readonly KubernetesObject[], kind: string): readonly KubernetesObject[] =>
  objects.filter((object) => object.kind === kind);

suite('rendered Gateway', () => {
  test('everything is owned by the Gateway and carries its labels and annotations', () => {
    const objects = render();
    assert.deepEqual(
      objects.map(({ kind }) => kind),
      ['ServiceAccount', 'Deployment', 'PodDisruptionBudget', 'Service'],
    );
    for (const { kind, metadata } of objects) {
      assert.equal(metadata.ownerReferences[0]?.uid, 'uid-1', kind);
      assert.equal(metadata.labels['team'], 'shop', kind);
      assert.equal(metadata.annotations['example.net/note'], 'kept', kind);
      assert.equal(metadata.namespace, 'shop');
    }
    const [deployment] = ofKind(objects, 'Deployment');
    assert.equal(at(deployment, 'spec.template.metadata.labels.team'), 'shop');
    assert.equal(at(deployment, 'spec.template.metadata.annotations')?.['example.net/note' as never], 'kept');
  });

  test('the same Gateway gives the same objects, and no listener none', () => {
    assert.deepEqual(render(), render());
    assert.deepEqual(render({ ports: [] }), []);
  });

  test('a pod may do nothing but serve: no root, no capability, no token, nothing written but its state', () => {
    const [deployment] = ofKind(render(), 'Deployment');
    const pod = at(deployment, 'spec.template.spec') as Readonly<Record<string, unknown>>;
    const [container] = pod['containers'] as readonly { readonly [field: string]: unknown }[];
    assert.equal(pod['automountServiceAccountToken'], false);
    assert.deepEqual(pod['securityContext'], {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    assert.deepEqual(container?.['securityContext'], {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    assert.deepEqual(container['args'], [
      'proxy',
      '--gateway=shop/web',
      '--controller=sluice.svc:15010',
      '--identity=/etc/sluice/identity',
      '--state=/var/lib/sluice',
      '--probes=0.0.0.0:15002',
      '--log-level=info',
      '--access-log=stdout',
      '--access-log-sample=100',
      '--drain=50',
      '--map=80=10080',
    ]);
  });

  test('the allocator gives back what a configuration came in', () => {
    const env = at(ofKind(render(), 'Deployment')[0], 'spec.template.spec.containers.0.env') as {
      readonly name: string;
      readonly value?: string;
    }[];
    const limits = env.filter(({ name }) => name.startsWith('MALLOC_'));
    assert.deepEqual(
      limits.map(({ name }) => name),
      ['MALLOC_MMAP_THRESHOLD_', 'MALLOC_TRIM_THRESHOLD_'],
    );
    for (const { value } of limits) assert.match(value ?? '', /^\d+$/);
  });

  test('a rollout never takes a proxy away before its successor is ready', () => {
    const [deployment] = ofKind(render(), 'Deployment');
    assert.deepEqual(at(deployment, 'spec.strategy.rollingUpdate'), { maxUnavailable: 0, maxSurge: '25%' });
    const [perNode] = ofKind(render({}, { scaling: { kind: 'per-node' } }), 'DaemonSet');
    assert.deepEqual(at(perNode, 'spec.updateStrategy.rollingUpdate'), { maxUnavailable: 0, maxSurge: 1 });
    const [onHost] = ofKind(render({}, { scaling: { kind: 'per-node' }, hostNetwork: true }), 'DaemonSet');
    assert.deepEqual(at(onHost, 'spec.updateStrategy.rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 });
  });

  test('under autoscaling the autoscaler owns the number of proxies', () => {
    const auto = { kind: 'auto', minReplicas: 2, maxReplicas: 9, targetCpuPercent: 70 } as const;
    const objects = render({}, { scaling: auto });
    const [deployment] = ofKind(objects, 'Deployment');
    const [autoscaler] = ofKind(objects, 'HorizontalPodAutoscaler');
    assert.equal(at(deployment, 'spec.replicas'), undefined);
    assert.equal(at(autoscaler, 'spec.scaleTargetRef.name'), deployment?.metadata.name);
    assert.equal(at(autoscaler, 'spec.maxReplicas'), 9);
    assert.equal(at(ofKind(render(), 'Deployment')[0], 'spec.replicas'), 2);
  });

  test('a Service for each address that is asked for by value; an empty one leaves the choice', () => {
    const address = (value: string | null): InfraSpec['addresses'][number] => ({ type: 'IPAddress', value });
    const services = ofKind(
      render({ addresses: [address('192.0.2.1'), address('192.0.2.2'), address(null)] }),
      'Service',
    );
    assert.deepEqual(
      services.map((service) => at(service, 'spec.loadBalancerIP')),
      ['192.0.2.1', '192.0.2.2'],
    );
    assert.equal(new Set(services.map(({ metadata }) => metadata.name)).size, 2);
    const [any, ...others] = ofKind(render({ addresses: [address(null)] }), 'Service');
    assert.equal(others.length, 0);
    assert.equal(at(any, 'spec.loadBalancerIP'), undefined);
  });

  test('the Service is what ProxyConfig says, with its node ports', () => {
    const service = {
      type: 'NodePort',
      nodePorts: [{ port: 80, nodePort: 30_080 }],
      externalTrafficPolicy: 'Local',
      loadBalancerClass: 'ignored-here',
      loadBalancerSourceRanges: [],
    } as const;
    const [made] = ofKind(
      render({ addresses: [{ type: 'IPAddress', value: '192.0.2.9' }] }, { service }),
      'Service',
    );
    assert.equal(at(made, 'spec.type'), 'NodePort');
    assert.equal(at(made, 'spec.ports.0.nodePort'), 30_080);
    assert.equal(at(made, 'spec.ports.0.targetPort'), 10_080);
    assert.equal(at(made, 'spec.ports.1.protocol'), 'UDP');
    assert.deepEqual(at(made, 'spec.externalIPs'), ['192.0.2.9']);
    assert.equal(at(made, 'spec.loadBalancerClass'), undefined);
    assert.equal(at(made, 'spec.externalTrafficPolicy'), 'Local');
    assert.deepEqual(ofKind(render({}, { service: { ...service, type: 'None' } }), 'Service'), []);
  });

  test('the fields of a pod come from ProxyConfig', () => {
    const [deployment] = ofKind(
      render(
        {},
        {
          image: 'mirror/sluice:2',
          imagePullPolicy: 'Always',
          imagePullSecrets: ['pull'],
          requests: { cpu: '1' },
          limits: { memory: '1Gi' },
          nodeSelector: { disk: 'ssd' },
          tolerations: [{ key: 'edge', operator: 'Exists' }],
          topologySpread: 'Zones',
          priorityClassName: 'high',
          terminationGraceMs: 120_000,
          workers: 3,
          logLevel: 'debug',
          accessLog: { enabled: false, samplePercent: 5 },
        },
      ),
      'Deployment',
    );
    const pod = 'spec.template.spec';
    const expected: Readonly<Record<string, unknown>> = {
      'containers.0.image': 'mirror/sluice:2',
      'containers.0.imagePullPolicy': 'Always',
      'imagePullSecrets.0.name': 'pull',
      'containers.0.resources': { requests: { cpu: '1' }, limits: { memory: '1Gi' } },
      nodeSelector: { disk: 'ssd' },
      'tolerations.0.key': 'edge',
      'topologySpreadConstraints.0.topologyKey': 'topology.kubernetes.io/zone',
      priorityClassName: 'high',
      terminationGracePeriodSeconds: 120,
    };
    for (const [path, value] of Object.entries(expected))
      assert.deepEqual(at(deployment, `${pod}.${path}`), value, path);
    const args = at(deployment, `${pod}.containers.0.args`) as string[];
    for (const arg of [
      '--workers=3',
      '--log-level=debug',
      '--access-log=off',
      '--access-log-sample=5',
      '--drain=110',
    ]) {
      assert.ok(args.includes(arg), arg);
    }
  });
});
