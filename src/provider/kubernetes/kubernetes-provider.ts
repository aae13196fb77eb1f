/**
 * Resources from a cluster, and statuses back to it. Every kind is a local copy kept by list and watch; any change leads to a new
 * snapshot, coalesced, of objects that stay the same (`===`) while nobody changes them.
 */
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { KubeClient, KubeObject } from '../../kubeapi/client.ts';
import { Reflector } from '../../kubeapi/reflector.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { KINDS, type ResourceName } from './kinds.ts';
import { StatusWriter } from './status-writer.ts';

export interface KubernetesProviderOptions {
  readonly client: KubeClient;
  readonly controllerName: string;
  readonly logger: Logger;
}

/** Changes come in bunches: an apply of many objects costs one translation each 20 ms, not one an object. */
const COALESCE_MS = 20;

export class KubernetesProvider implements Provider {
  readonly #reflectors: ReadonlyMap<ResourceName, Reflector>;
  readonly #writer: StatusWriter;
  #listener: ProviderListener | null = null;
  #timer: NodeJS.Timeout | null = null;
  #onFirst: (() => void) | null = null;
  #isLeader = false;
  #statuses: readonly StatusUpdate[] = [];

  constructor({ client, controllerName, logger }: KubernetesProviderOptions) {
    const onChange = (): void => {
      this.#schedule();
    };
    this.#reflectors = new Map(
      resourceNames().map((name) => {
        const kind = KINDS[name];
        const optional = kind.group.startsWith('gateway.');
        return [name, new Reflector({ client, kind, namespace: null, logger, optional, onChange })] as const;
      }),
    );
    this.#writer = new StatusWriter({
      client,
      controllerName,
      kindOf: ({ kind }) => kindNamed(kind),
      current: ({ kind, object }) => this.#find(kind, object.namespace, object.name),
      now: () => new Date(),
      logger,
    });
  }

  /** The object of a Gateway as last seen. */
  gateway(namespace: string, name: string): KubeObject | undefined {
    return this.#find('Gateway', namespace, name);
  }

  /** Only the leader writes; a new one writes what it has. */
  setLeader(isLeader: boolean): void {
    this.#isLeader = isLeader;
    if (isLeader) this.#writer.write(this.#statuses);
  }

  start(listener: ProviderListener): Promise<void> {
    this.#listener = listener;
    return new Promise((resolve) => {
      this.#onFirst = resolve;
      for (const reflector of this.#reflectors.values()) reflector.start();
    });
  }

  writeStatus(updates: readonly StatusUpdate[]): void {
    this.#statuses = updates;
    if (this.#isLeader) this.#writer.write(updates);
  }

  close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const reflector of this.#reflectors.values()) reflector.stop();
    this.#writer.stop();
    return Promise.resolve();
  }

  #schedule(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      this.#publish();
    }, COALESCE_MS);
  }

  /** Nothing is published before every kind has been listed: half a picture would take traffic away. */
  #publish(): void {
    if (![...this.#reflectors.values()].every(({ synced }) => synced)) return;
    this.#listener?.onSnapshot(this.#snapshot());
    this.#onFirst?.();
    this.#onFirst = null;
  }

  #snapshot(): ResourceSnapshot {
    const lists = [...this.#reflectors].map(([name, reflector]) => [name, [...reflector.objects()]] as const);
    // The API server has seen to it that each object has the shape of its kind.
    return Object.fromEntries(lists) as unknown as ResourceSnapshot;
  }

  #find(kind: string, namespace: string, name: string): KubeObject | undefined {
    const resource = resourceNames().find((candidate) => KINDS[candidate].kind === kind);
    return resource === undefined ? undefined : this.#reflectors.get(resource)?.get(namespace, name);
  }
}

const resourceNames = (): ResourceName[] => Object.keys(KINDS) as ResourceName[];

function kindNamed(kind: string): (typeof KINDS)[ResourceName] {
  const found = resourceNames().find((name) => KINDS[name].kind === kind);
  if (found === undefined) throw new Error(`${kind} is not a kind that is watched`);
  return KINDS[found];
}
