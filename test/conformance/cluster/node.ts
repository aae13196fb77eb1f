/** The one node: its network, containerd with runc and a bridge, the kubelet and kube-proxy. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Processes } from './command.ts';
import { inNamespace, run, until } from './command.ts';
import { ADDRESSES, NAMESPACE, type Layout } from './layout.ts';

const inside = (program: string, ...args: string[]): string => run(...inNamespace(program, args));

/** A namespace with the node's address on a veth pair (dummy devices are not everywhere) and no way out. */
export function makeNetwork(): void {
  run('ip', ['netns', 'add', NAMESPACE]);
  inside('ip', 'link', 'set', 'lo', 'up');
  inside('ip', 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node1');
  inside('ip', 'link', 'set', 'node1', 'up');
  inside('ip', 'addr', 'add', `${ADDRESSES.node}/32`, 'dev', 'node0');
  inside('ip', 'link', 'set', 'node0', 'up');
  // Service addresses are translated in the output hook, after routing: they need a route to begin with.
  inside('ip', 'route', 'replace', '198.19.0.0/16', 'dev', 'node0', 'src', ADDRESSES.node);
  const forwarding = [
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.all.rp_filter=0',
    'net.ipv4.conf.all.route_localnet=1',
  ];
  inside('sysctl', '-qw', ...forwarding);
}

export function removeNetwork(): void {
  const spaces = run('ip', ['netns', 'list']);
  for (const line of spaces.split('\n')) {
    const name = line.split(' ')[0] ?? '';
    if (name === NAMESPACE) run('ip', ['netns', 'del', name]);
  }
}

const containerdConfig = ({ state, containerdSocket }: Layout): string => `version = 2
root = "${state}/containerd/root"
state = "${state}/containerd/state"
[grpc]
  address = "${containerdSocket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.10"
  restrict_oom_score_adj = true
  disable_hugetlb_controller = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;

/** Removes leases of pod addresses with the cluster: killed pods do not release theirs, and there are only 253. */
const bridge = ({ state }: Layout): object => ({
  cniVersion: '0.4.0',
  name: 'lab',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isGateway: true,
      hairpinMode: true,
      ipam: {
        type: 'host-local',
        dataDir: join(state, 'leases'),
        ranges: [[{ subnet: ADDRESSES.pods }]],
        routes: [{ dst: '0.0.0.0/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

const kubeletConfig = ({ containerdSocket }: Layout): object => ({
  apiVersion: 'kubelet.config.k8s.io/v1beta1',
  kind: 'KubeletConfiguration',
  failCgroupV1: false,
  cgroupDriver: 'cgroupfs',
  failSwapOn: false,
  authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
  authorization: { mode: 'AlwaysAllow' },
  containerRuntimeEndpoint: `unix://${containerdSocket}`,
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '1%', 'imagefs.available': '1%' },
  clusterDNS: [ADDRESSES.dns],
  clusterDomain: 'cluster.local',
  resolvConf: '',
  maxPods: 250,
});

export const ctr = (layout: Layout, ...args: string[]): string =>
  run('ctr', ['-a', layout.containerdSocket, '-n', 'k8s.io', ...args]);

/** Process of a container on this machine. `id`: as a Pod's status has it, `containerd://…`. */
export function containerPid(layout: Layout, id: string): number {
  const name = id.replace('containerd://', '');
  const tasks = run('ctr', ['-a', layout.containerdSocket, '-n', 'k8s.io', 'tasks', 'ls']);
  const pid = tasks
    .split('\n')
    .find((line) => line.startsWith(name))
    ?.split(/\s+/)[1];
  if (pid === undefined) throw new Error(`no container ${name} runs`);
  return Number(pid);
}

/** Starts containerd and loads every archive of `images/`. */
export async function startContainers(layout: Layout, processes: Processes): Promise<void> {
  for (const folder of ['containerd', 'cni', 'kubelet'])
    mkdirSync(join(layout.state, folder), { recursive: true });
  writeFileSync(join(layout.state, 'cni', '10-lab.conflist'), JSON.stringify(bridge(layout)));
  const config = join(layout.state, 'containerd', 'config.toml');
  writeFileSync(config, containerdConfig(layout));
  processes.start('containerd', 'containerd', ['--config', config]);
  await until('containerd', 30, () => ctr(layout, 'version'));
  for (const file of readdirSync(layout.images)) ctr(layout, 'images', 'import', join(layout.images, file));
}

export function startNode(layout: Layout, processes: Processes): void {
  const config = join(layout.state, 'kubelet', 'config.json');
  writeFileSync(config, JSON.stringify(kubeletConfig(layout)));
  processes.start('kubelet', join(layout.bin, 'kubelet'), [
    `--config=${config}`,
    `--kubeconfig=${layout.kubeconfig}`,
    '--hostname-override=node',
    `--node-ip=${ADDRESSES.node}`,
    `--root-dir=${layout.state}/kubelet`,
    `--cert-dir=${layout.state}/kubelet/pki`,
  ]);
  processes.start('kube-proxy', join(layout.bin, 'kube-proxy'), [
    `--kubeconfig=${layout.kubeconfig}`,
    '--proxy-mode=nftables',
    `--cluster-cidr=${ADDRESSES.pods}`,
    '--hostname-override=node',
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
  ]);
}

/** Ends every container, then containerd; the kubelet must be gone, or it would start them again. */
export async function stopContainers(layout: Layout, processes: Processes): Promise<void> {
  const list = (what: string): string[] => {
    try {
      return ctr(layout, what, 'ls', '-q').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };
  const attempt = (...args: string[]): void => {
    try {
      ctr(layout, ...args);
    } catch {
      // It ended by itself meanwhile.
    }
  };
  for (const id of list('tasks')) attempt('tasks', 'kill', '-s', 'KILL', id);
  const networks = new Set<string>();
  for (const id of list('containers')) {
    networks.add(networkOf(layout, id));
    attempt('tasks', 'rm', '-f', id);
    attempt('containers', 'rm', id);
  }
  await processes.stop('containerd');
  for (const name of networks)
    if (name !== '' && existsSync(join('/run/netns', name))) run('ip', ['netns', 'delete', name]);
}

/** Name of the network namespace that was made for a pod's containers; `` for one of the node's own. */
function networkOf(layout: Layout, container: string): string {
  try {
    const { Spec } = JSON.parse(ctr(layout, 'containers', 'info', container)) as ContainerInfo;
    const path = Spec.linux.namespaces.find(({ type }) => type === 'network')?.path ?? '';
    return path.startsWith('/var/run/netns/cni-') ? basename(path) : '';
  } catch {
    return '';
  }
}

interface ContainerInfo {
  readonly Spec: {
    readonly linux: { readonly namespaces: readonly { readonly type: string; readonly path?: string }[] };
  };
}

/** The kubelet's and containerd's mounts outlive them. */
export function unmountBelow(folder: string): void {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((point) => point.startsWith(`${folder}/`));
  for (const point of points.toSorted().toReversed()) run('umount', ['-l', point]);
}
