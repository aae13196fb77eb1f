/** A namespace of its own in the cluster with a Gateway that serves an echo app, and questions about it. */
import assert from 'node:assert/strict';
import type { Cluster } from '../cluster/cluster.ts';
import { inNamespace, runAsync, until } from '../cluster/command.ts';
import { statusOf } from './steady-load.ts';
import { echoApp, gateway, httpRoute, namespace } from './manifests.ts';

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

interface GatewayObject {
  readonly metadata: { readonly generation: number };
  readonly status?: {
    readonly addresses?: readonly { readonly value: string }[];
    readonly conditions?: readonly Condition[];
  };
}

interface Pods {
  readonly items: readonly { readonly status: { readonly podIP: string } }[];
}

const READY_S = 120;

/** Scenes that are open: those of the test that runs, and of one that failed before it closed them. */
const openScenes = new Set<Scene>();

export const openNamespaces = (): readonly string[] => [...openScenes].map(({ namespace: name }) => name);

/** After a test: what a failed one left would take processors from the next. */
export async function closeScenes(): Promise<void> {
  for (const scene of openScenes) await scene.close();
}

export class Scene {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly host: string;

  private constructor(cluster: Cluster, name: string) {
    this.cluster = cluster;
    this.namespace = name;
    this.host = `${name}.example`;
  }

  /** Gateway `edge`, app and HTTPRoute `echo`, host `<name>.example`. Ready when it gives the scene back. */
  static async open(cluster: Cluster, name: string, replicas = 2): Promise<Scene> {
    const scene = new Scene(cluster, name);
    openScenes.add(scene);
    await cluster.kubectl.apply([
      namespace(name),
      ...echoApp(name, 'echo', replicas),
      gateway(name, 'edge', 'All'),
      httpRoute({
        namespace: name,
        name: 'echo',
        host: scene.host,
        gateway: { name: 'edge' },
        backend: { name: 'echo' },
      }),
    ]);
    await scene.rolledOut('deployment/echo');
    const address = await scene.address();
    // The load balancer's address is known before every node routes it.
    await until('the app is served', READY_S, async () => {
      assert.equal(await statusOf(address, scene.host), 200);
    });
    await scene.#reached();
    return scene;
  }

  /** A Gateway is programmed when its first proxy serves; here the others do, too, and connections are sent to each. */
  async #reached(): Promise<void> {
    await this.rolledOut(await this.proxies());
    const { items } = await this.cluster.kubectl.json<Pods>([
      ...['-n', this.namespace, 'get', 'pods', '-l', 'app.kubernetes.io/component=proxy'],
    ]);
    const listing = inNamespace('nft', ['list', 'ruleset']);
    await until('kube-proxy knows every proxy', READY_S, async () => {
      const rules = new Set((await runAsync(...listing)).split(/[^\d.]+/u));
      for (const { status } of items) assert.ok(rules.has(status.podIP), status.podIP);
    });
  }

  kubectl(...words: readonly string[]): Promise<string> {
    return this.cluster.kubectl(['-n', this.namespace, ...words]);
  }

  async rolledOut(workload: string): Promise<void> {
    await this.kubectl('rollout', 'status', workload, `--timeout=${String(READY_S)}s`);
  }

  /** Address of a Gateway that is programmed with its present generation. */
  address(name = 'edge'): Promise<string> {
    return until(`Gateway ${name} is programmed`, READY_S, async () => {
      const object = await this.cluster.kubectl.json<GatewayObject>([
        '-n',
        this.namespace,
        'get',
        'gateway',
        name,
      ]);
      const programmed = object.status?.conditions?.find(({ type }) => type === 'Programmed');
      assert.ok(programmed !== undefined, 'no condition yet');
      assert.equal(programmed.status, 'True', programmed.message);
      assert.equal(programmed.observedGeneration, object.metadata.generation);
      const address = object.status?.addresses?.[0]?.value;
      assert.ok(address !== undefined);
      return address;
    });
  }

  /** Name of what runs the Gateway's proxies, as `deployment/…`. */
  async proxies(): Promise<string> {
    const label = 'gateway.networking.k8s.io/gateway-name=edge';
    return (await this.kubectl('get', 'deployment', '-l', label, '-o', 'name')).trim();
  }

  async close(): Promise<void> {
    openScenes.delete(this);
    await this.cluster.kubectl(['delete', 'namespace', this.namespace, '--wait=false', '--ignore-not-found']);
  }
}
