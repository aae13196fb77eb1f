/**
 * At which version each kind is watched: the newest of those that the API server serves and Sluice reads. Bundles of the Gateway API
 * differ in this: BackendTLSPolicy is `v1` since v1.4 and `v1alpha3` before. A kind that is there in no version that Sluice reads is
 * reported, since its objects have no effect.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { UnreadableKind } from '../../gatewayapi/snapshot.ts';
import { findKind } from '../../gatewayapi/validation/catalog.ts';
import type { KubeClient } from '../../kubeapi/client.ts';
import { discoverVersions } from '../../kubeapi/discovery.ts';
import type { KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { isOurs, KINDS, RESOURCE_NAMES, type ResourceName } from './kinds.ts';

const REREAD_MS = 60_000;
const RETRY_MS = 1_000;

export interface ServedKindsOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  /** These are served at another version than before. */
  readonly onChange: (names: readonly ResourceName[]) => void;
}

export class ServedKinds {
  readonly #options: ServedKindsOptions;
  readonly #abort = new AbortController();
  readonly #versions = new Map<ResourceName, string>();
  #unreadable: readonly UnreadableKind[] = [];
  #timer: NodeJS.Timeout | null = null;

  constructor(options: ServedKindsOptions) {
    this.#options = options;
  }

  /** Kinds that are installed, but in no version that Sluice reads. */
  get unreadable(): readonly UnreadableKind[] {
    return this.#unreadable;
  }

  /** The kind at the version at which it is served; at the newest one when it is not. */
  kindOf(name: ResourceName): KindInfo {
    const version = this.#versions.get(name);
    return version === undefined ? KINDS[name] : { ...KINDS[name], version };
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

  /** False when the API server did not answer: what was known stays. */
  async #read(): Promise<boolean> {
    const { client, logger } = this.#options;
    try {
      const groups = [...new Set(RESOURCE_NAMES.filter(isOurs).map((name) => KINDS[name].group))];
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
    const changed: ResourceName[] = [];
    const unreadable: UnreadableKind[] = [];
    for (const name of RESOURCE_NAMES.filter(isOurs)) {
      const { group, kind, plural, version: newest } = KINDS[name];
      const versions = groups.get(group)?.get(plural) ?? [];
      const version = newestReadable(group, kind, versions);
      if (versions.length > 0 && version === null) unreadable.push({ kind, versions });
      // An API server that starts may not know a group yet. The version that was read before is watched on: at another one the list would
      // be empty, and policies that protect something gone.
      const before = versions.length === 0 ? this.#versions.get(name) : undefined;
      const watched = version ?? before ?? newest;
      if (this.kindOf(name).version !== watched) changed.push(name);
      this.#versions.set(name, watched);
    }
    this.#report(changed, unreadable);
    if (changed.length > 0 || JSON.stringify(unreadable) !== JSON.stringify(this.#unreadable)) {
      this.#unreadable = unreadable;
      this.#options.onChange(changed);
    }
  }

  #report(changed: readonly ResourceName[], unreadable: readonly UnreadableKind[]): void {
    const { logger } = this.#options;
    for (const name of changed) {
      const { kind, version } = this.kindOf(name);
      logger.info('a kind is read at another version', { kind, version });
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

/** Stable before beta before alpha, and the higher number first (as the API server orders versions). */
function rank(version: string): readonly [number, number, number] {
  const [, major = '0', stage = '', minor = '0'] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? [];
  return [stage === '' ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor)];
}

function isNewer(a: string, b: string): boolean {
  const [left, right] = [rank(a), rank(b)];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at >= 0 && (left[at] ?? 0) > (right[at] ?? 0);
}

/** null when none of these can be read. */
export function newestReadable(group: string, kind: string, served: readonly string[]): string | null {
  const readable = Object.keys(findKind(group, kind)?.versions ?? {});
  const both = served.filter((version) => readable.includes(version));
  return both.reduce<string | null>((best, one) => (best === null || isNewer(one, best) ? one : best), null);
}
