/**
 * What a tenant with write access to Gateways, ProxyConfigs and routes in one namespace can make the controller create: from manifests to
 * the objects that the controller applies with its own rights.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { stringify } from 'yaml';
import { renderGateway, type KubernetesObject } from '../../../src/infrastructure/kubernetes/render.ts';
import { translateOptions } from '../../../src/controller/translate-options.ts';
import { stateFromText } from '../../../src/provider/file/load.ts';
import { translate } from '../../../src/translator/translate.ts';

type Fields = Readonly<Record<string, unknown>>;
const parameters = (name: string): Fields => ({ group: 'gateway.sluice.dev', kind: 'ProxyConfig', name });
const proxyConfig = (namespace: string, name: string, spec: Fields): Fields => ({
  apiVersion: 'gateway.sluice.dev/v1alpha1',
  kind: 'ProxyConfig',
  metadata: { namespace, name },
  spec,
});

interface Written {
  /** The ProxyConfig of the class, which the operator writes. */
  readonly ofClass?: Fields;
  /** The ProxyConfig of the Gateway, which the tenant writes. */
  readonly own?: Fields;
  readonly gateway?: Fields;
  readonly infrastructure?: Fields;
}

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

/** All objects that are applied for a tenant's Gateway. */
function made({
  ofClass = {},
  own = {},
  gateway = {},
  infrastructure = {},
}: Written): readonly KubernetesObject[] {
  const objects: readonly Fields[] = [
    {
      apiVersion: GATEWAY_API,
      kind: 'GatewayClass',
      metadata: { name: 'sluice' },
      spec: {
        controllerName: 'sluice.dev/gateway-controller',
        parametersRef: { ...parameters('class'), namespace: 'sluice-system' },
      },
    },
    proxyConfig('sluice-system', 'class', ofClass),
    proxyConfig('tenant', 'mine', own),
    {
      apiVersion: GATEWAY_API,
      kind: 'Gateway',
      metadata: { namespace: 'tenant', name: 'g' },
      spec: {
        gatewayClassName: 'sluice',
        listeners: [{ name: 'http', port: 80, protocol: 'HTTP' }],
        infrastructure: { parametersRef: parameters('mine'), ...infrastructure },
        ...gateway,
      },
    },
  ];
  const text = objects.map((object) => stringify(object)).join('---\n');
  const { snapshot, findings } = stateFromText(text, 'tenant.yaml');
  assert.deepEqual(findings, []);
  const options = translateOptions({ addresses: 'infrastructure' });
  const { infra } = translate(snapshot, { dataPlanes: [] }, options);
  const context = {
    gatewayUid: 'uid',
    image: 'sluice:1',
    configAddress: 'controller:15010',
    hash: (data: string) => createHash('sha256').update(data).digest('hex'),
  };
  return infra.flatMap((spec) => renderGateway({ spec, workload: spec.workload, context }));
}

const json = (objects: readonly KubernetesObject[]): string => JSON.stringify(objects);

suite('a tenant', () => {
  const refused: Readonly<Record<string, Fields>> = {
    'another image': { workload: { image: 'evil/image:1' } },
    'images with other credentials': { workload: { imagePullSecrets: [{ name: 'evil' }] } },
    'another pull policy': { workload: { imagePullPolicy: 'Always' } },
    'pods on the network of the node': { workload: { hostNetwork: true } },
    'pods on chosen nodes': { workload: { nodeSelector: { 'node-role.kubernetes.io/control-plane': '' } } },
    'pods on tainted nodes': { workload: { tolerations: [{ operator: 'Exists' }] } },
    'pods that push others out': { workload: { priorityClassName: 'system-node-critical' } },
    'another type of Service': { service: { type: 'NodePort' } },
    'ports of all nodes': { service: { nodePorts: [{ port: 80, nodePort: 30_080 }] } },
    'another class of load balancer': { service: { loadBalancerClass: 'evil' } },
    'other source ranges': { service: { loadBalancerSourceRanges: ['192.0.2.0/24'] } },
    'another traffic policy': { service: { externalTrafficPolicy: 'Local' } },
    'what the class would have to lend': {
      gatewayOverrides: { allow: ['*'], externalIPs: true },
      workload: { image: 'evil/image:1' },
    },
  };
  for (const [what, own] of Object.entries(refused)) {
    test(`cannot make the controller run ${what}`, () => {
      assert.equal(json(made({ own })), json(made({})));
    });
    test(`can have ${what} where the class allows it`, () => {
      const ofClass = { gatewayOverrides: { allow: ['*'] } };
      assert.notEqual(json(made({ ofClass, own })), json(made({ ofClass })));
    });
  }

  const allowed: Readonly<Record<string, Fields>> = {
    'how many proxies': { workload: { replicas: 5 } },
    autoscaling: { workload: { autoscaling: { maxReplicas: 4 } } },
    'one proxy a node': { workload: { kind: 'DaemonSet' } },
    resources: { workload: { resources: { limits: { cpu: 2 } } } },
    spreading: { workload: { topologySpread: 'Zones' } },
    'the time for draining': { workload: { terminationGracePeriod: '90s' } },
    workers: { proxy: { workers: 2 } },
    'the log': { proxy: { logLevel: 'debug', accessLog: { enabled: false } } },
  };
  for (const [what, own] of Object.entries(allowed)) {
    test(`can decide ${what}, unless the class says otherwise`, () => {
      assert.notEqual(json(made({ own })), json(made({})));
      const ofClass = { gatewayOverrides: { allow: [] } };
      assert.equal(json(made({ ofClass, own })), json(made({ ofClass })));
    });
  }

  test('external IPs are for the class to allow', () => {
    const gateway = { addresses: [{ value: '192.0.2.8' }] };
    for (const type of ['ClusterIP', 'NodePort']) {
      assert.doesNotMatch(json(made({ ofClass: { service: { type } }, gateway })), /192\.0\.2\.8/);
      const ofClass = { service: { type }, gatewayOverrides: { externalIPs: true } };
      assert.match(json(made({ ofClass, gateway })), /"externalIPs":\["192\.0\.2\.8"\]/);
    }
    assert.match(
      json(made({ gateway })),
      /"loadBalancerIP":"192\.0\.2\.8"/,
      'a load balancer gives what it has',
    );
  });

  test('gets objects without profiles, roles, networks and containers that annotations would give', () => {
    const annotations = {
      'container.apparmor.security.beta.kubernetes.io/proxy': 'unconfined',
      'seccomp.security.alpha.kubernetes.io/pod': 'unconfined',
      'iam.amazonaws.com/role': 'admin',
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::1:role/admin',
      'iam.gke.io/gcp-service-account': 'admin@project.iam.gserviceaccount.com',
      'azure.workload.identity/client-id': 'admin',
      'k8s.v1.cni.cncf.io/networks': 'storage',
      'cni.projectcalico.org/ipAddrs': '["192.0.2.8"]',
      'io.kubernetes.cri-o.userns-mode': 'private',
      'sidecar.istio.io/proxyImage': 'evil/image:1',
      'sidecar.istio.io/userVolume': '[{"name":"root","hostPath":{"path":"/"}}]',
      'config.linkerd.io/proxy-image': 'evil/image',
      'vault.hashicorp.com/agent-image': 'evil/image:1',
    };
    const kept = {
      'example.com/note': 'kept',
      'sidecar.istio.io/inject': 'false',
      'service.beta.kubernetes.io/aws-load-balancer-type': 'nlb',
    };
    const objects = made({ infrastructure: { annotations: { ...annotations, ...kept } } });
    for (const { kind, metadata } of objects) assert.deepEqual(metadata.annotations, kept, kind);
    const workload = objects.find(({ kind }) => kind === 'Deployment');
    const { template } = workload?.['spec'] as { readonly template: { readonly metadata: Fields } };
    assert.deepEqual(template.metadata['annotations'], kept);
  });

  test('gets pods that are confined, whatever it writes', () => {
    const own = Object.assign({}, ...Object.values(refused), ...Object.values(allowed)) as Fields;
    const workload = made({ own }).find(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet');
    const pod = (workload?.['spec'] as { readonly template: { readonly spec: Fields } }).template.spec;
    assert.equal(pod['automountServiceAccountToken'], false);
    assert.equal(pod['hostNetwork'], undefined);
    assert.match(JSON.stringify(pod['securityContext']), /"runAsNonRoot":true.*RuntimeDefault/);
    const [container] = pod['containers'] as readonly Fields[];
    assert.match(JSON.stringify(container?.['securityContext']), /"drop":\["ALL"\]/);
  });
});
