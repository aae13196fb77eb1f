/** A real one-node Kubernetes in a network namespace of its own. Needs root; up in about 25 seconds, down in 6. */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { inNamespace, Processes, run, until } from './command.ts';
import { DNS_MANIFESTS } from './dns.ts';
import { createKubectl, type Kubectl } from './kubectl.ts';
import { ADDRESSES, type Layout } from './layout.ts';
import {
  makeNetwork,
  removeNetwork,
  startContainers,
  startNode,
  stopContainers,
  unmountBelow,
} from './node.ts';
import { writePki } from './pki.ts';

export interface Cluster {
  readonly layout: Layout;
  readonly kubectl: Kubectl;
  /** Ends the API server, does `work`, and starts it again. */
  withoutApiServer(work: () => Promise<void>): Promise<void>;
  down(): Promise<void>;
}

const ETCD = 'http://127.0.0.1:2379';

/** Every test cluster begins fresh: one that an earlier run left behind is taken down first. */
export async function startCluster(layout: Layout): Promise<Cluster> {
  await stopCluster(layout);
  const processes = new Processes(layout.state);
  makeNetwork();
  writePki(layout);
  await startControlPlane(layout, processes);
  await startContainers(layout, processes);
  startNode(layout, processes);
  const kubectl = createKubectl(layout);
  await until('the API server takes objects', 30, () => kubectl.apply(DNS_MANIFESTS));
  await until('the node exists', 60, () => kubectl(['get', 'node', 'node']));
  await kubectl(['wait', '--for=condition=Ready', 'node/node', '--timeout=90s']);
  await kubectl(['-n', 'kube-system', 'rollout', 'status', 'deployment/coredns', '--timeout=120s']);
  return {
    layout,
    kubectl,
    async withoutApiServer(work) {
      await processes.stop('kube-apiserver');
      await work();
      await startApiServer(layout, processes);
    },
    down: () => stopCluster(layout),
  };
}

async function startControlPlane(layout: Layout, processes: Processes): Promise<void> {
  const { bin, state, kubeconfig } = layout;
  const pki = join(state, 'pki');
  processes.start('etcd', join(bin, 'server'), [
    `--data-dir=${state}/etcd`,
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
  ]);
  await startApiServer(layout, processes);
  processes.start('kube-controller-manager', join(bin, 'kube-controller-manager'), [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${pki}/sa.key`,
    `--root-ca-file=${pki}/ca.crt`,
    '--use-service-account-credentials=true',
    `--cluster-cidr=${ADDRESSES.pods}`,
    '--allocate-node-cidrs=false',
    // Alone; a lease that cannot be renewed while the API server is away would end them.
    '--leader-elect=false',
    // The only node would count as lost, and every pod as not ready, when the API server has been away for longer than this: it cannot
    // renew its lease meanwhile. With more nodes and a highly available API server that does not happen.
    '--node-monitor-grace-period=10m',
  ]);
  processes.start('kube-scheduler', join(bin, 'kube-scheduler'), [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
  ]);
}

async function startApiServer({ bin, state, kubeconfig }: Layout, processes: Processes): Promise<void> {
  const pki = join(state, 'pki');
  processes.start('kube-apiserver', join(bin, 'kube-apiserver'), [
    `--etcd-servers=${ETCD}`,
    `--service-cluster-ip-range=${ADDRESSES.services}`,
    '--secure-port=6443',
    `--advertise-address=${ADDRESSES.node}`,
    `--tls-cert-file=${pki}/api.crt`,
    `--tls-private-key-file=${pki}/api.key`,
    `--client-ca-file=${pki}/ca.crt`,
    `--token-auth-file=${pki}/tokens.csv`,
    '--authorization-mode=Node,RBAC',
    `--service-account-key-file=${pki}/sa.pub`,
    `--service-account-signing-key-file=${pki}/sa.key`,
    '--service-account-issuer=https://kubernetes.default.svc',
    '--allow-privileged=true',
    // Pod logs are read from the kubelet by address; by name there is nothing to find.
    '--kubelet-preferred-address-types=InternalIP',
  ]);
  const [program, words] = inNamespace(join(bin, 'kubectl'), [
    '--kubeconfig',
    kubeconfig,
    'get',
    '--raw',
    '/readyz',
  ]);
  await until('the API server is ready', 60, () => run(program, words));
}

/** Ends everything the cluster started, by pid, and removes its state. */
async function stopCluster(layout: Layout): Promise<void> {
  if (existsSync(layout.state)) {
    const processes = new Processes(layout.state);
    // The kubelet first: it would start again what is ended after it.
    await processes.stop('kubelet');
    await stopContainers(layout, processes);
    for (const name of [
      'kube-proxy',
      'kube-scheduler',
      'kube-controller-manager',
      'kube-apiserver',
      'etcd',
    ]) {
      await processes.stop(name);
    }
    unmountBelow(layout.state);
    rmSync(layout.state, { recursive: true, force: true });
  }
  removeNetwork();
}
