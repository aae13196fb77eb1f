/**
 * The version at which each kind is watched: the first version that both Sluice reads and the API server serves. Bundles of the Gateway API
 * differ in this: BackendTLSPolicy is `v1` since v1.4 and `v1alpha3` before. A kind that is installed in no version that Sluice reads is
 * reported, since its objects have no effect.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Kind } from '../../gatewayapi/kind.ts';
import type { UnreadableKind } from '../../gatewayapi/snapshot.ts';
import type { KubeClient } from '../../kubeapi/client.ts';
import { discoverVersions } from '../../kubeapi/discovery.ts';
import type { KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { kindAtVersion } from './kind-at-version.ts';

const REREAD_MS = 60_000;
const RETRY_MS = 1_000;

export interface ServedKindsOptions {
  readonly client: KubeClient;
  /** Kinds of CRDs; all others are served at one version. */
  readonly kinds: readonly Kind[];
  readonly logger: Logger;
  /** These are served at another version than before. */
  readonly onChange: (kinds: readonly Kind[]) => void;
}

export class ServedKinds {
  readonly #options: ServedKindsOptions;
  readonly #abort = new AbortController();
  readonly #versions = new Map<Kind, string>();
  #unreadable: readonly UnreadableKind[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ServedKindsOptions) {
    this.#options = options;
  }

  /** Kinds that are installed, but in no version that Sluice reads. */
  get unreadable(): readonly UnreadableKind[] {
    return this.#unreadable;
  }

  /** The kind at the version at which it is served; at the preferred one when it is not. */
  infoOf(kind: Kind): KindInfo {
    return kindAtVersion(kind, this.#versions.get(kind));
  }

  /** Resolves when the API server has answered, or `stop` was called. */
  async start(): Promise<void> {
    while (!this.#abort.signal.aborted && !(await this.#read())) {
      await delay(RETRY_MS * (0.5 + Math.random()), undefined, { signal: this.#abort.signal }).catch(
        () => undefined,
      );
    }
    this.#schedule();
  }

  stop(): void {
    this.#abort.abort();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #schedule(): void {
    if (this.#abort.signal.aborted) return;
    this.#timer = setTimeout(() => {
      void this.#read().then(() => {
        this.#schedule();
      });
    }, REREAD_MS).unref();
  }

  /** False if the API server did not respond: the known versions stay. */
  async #read(): Promise<boolean> {
    const { client, kinds, logger } = this.#options;
    try {
      const groups = [...new Set(kinds.map(({ group }) => group))];
      const found = await Promise.all(
        groups.map(
          async (group) => [group, await discoverVersions(client, group, this.#abort.signal)] as const,
        ),
      );
      this.#take(new Map(found));
      return true;
    } catch (error) {
      if (!this.#abort.signal.aborted) logger.warn('served versions not read', { error: String(error) });
      return false;
    }
  }

  #take(groups: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>): void {
    const changed: Kind[] = [];
    const unreadable: UnreadableKind[] = [];
    for (const kind of this.#options.kinds) {
      const served = groups.get(kind.group)?.get(kind.plural) ?? [];
      const version = newestReadable(kind, served);
      if (served.length > 0 && version === null) unreadable.push({ kind: kind.kind, versions: served });
      // A starting API server may not know a group yet. Keep watching the version that was served before: at another one the list
      // would be empty, and traffic would lose the policies that protect it.
      const before = served.length === 0 ? this.#versions.get(kind) : undefined;
      const watched = version ?? before ?? kind.versions[0];
      if (this.infoOf(kind).version !== watched) changed.push(kind);
      this.#versions.set(kind, watched);
    }
    this.#report(changed, unreadable);
    if (changed.length > 0 || JSON.stringify(unreadable) !== JSON.stringify(this.#unreadable)) {
      this.#unreadable = unreadable;
      this.#options.onChange(changed);
    }
  }

  #report(changed: readonly Kind[], unreadable: readonly UnreadableKind[]): void {
    const { logger } = this.#options;
    for (const one of changed) {
      const { kind, version } = this.infoOf(one);
      logger.info('reading a kind at another version', { kind, version });
    }
    const known = new Set(this.#unreadable.map(({ kind }) => kind));
    for (const { kind, versions } of unreadable) {
      if (known.has(kind)) continue;
      logger.error('a kind is installed in no version that Sluice reads; its objects have no effect', {
        kind,
        versions: versions.join(', '),
      });
    }
  }
}

/** null when none of the served versions can be read. */
export const newestReadable = ({ versions }: Kind, served: readonly string[]): string | null =>
  versions.find((version) => served.includes(version)) ?? null;
