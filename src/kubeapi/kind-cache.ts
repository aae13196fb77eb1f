/** A local copy of one kind in the permitted namespaces: one reflector for all, or one for each. */
import type { KubeObject } from './client.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

export interface KindCacheOptions extends Omit<ReflectorOptions, 'namespace'> {
  /** null = all. */
  readonly namespaces: readonly string[] | null;
}

export class KindCache {
  readonly #reflectors: readonly Reflector[];
  /** `objects()` until one of the parts changes. */
  #joined: { readonly parts: readonly (readonly KubeObject[])[]; readonly all: readonly KubeObject[] } = {
    parts: [],
    all: [],
  };

  constructor(options: KindCacheOptions) {
    this.#reflectors = scopesOf(options).map((scope) => new Reflector({ ...options, ...scope }));
  }

  get synced(): boolean {
    return this.#reflectors.every(({ synced }) => synced);
  }

  /** The same array until something changes. */
  objects(): readonly KubeObject[] {
    const parts = this.#reflectors.map((reflector) => reflector.objects());
    if (
      parts.length === this.#joined.parts.length &&
      parts.every((part, i) => part === this.#joined.parts[i])
    ) {
      return this.#joined.all;
    }
    const [only] = parts;
    this.#joined = { parts, all: parts.length === 1 && only !== undefined ? only : parts.flat() };
    return this.#joined.all;
  }

  get(namespace: string, name: string): KubeObject | undefined {
    return this.#first((reflector) => reflector.get(namespace, name));
  }

  /** The object with its newest version and status. */
  current(namespace: string, name: string): ReturnType<Reflector['current']> {
    return this.#first((reflector) => reflector.current(namespace, name));
  }

  /** Its newest resource version. */
  versionOf(namespace: string, name: string): string | undefined {
    return this.#first((reflector) => reflector.versionOf(namespace, name));
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start();
  }

  stop(): void {
    for (const reflector of this.#reflectors) reflector.stop();
  }

  #first<Found>(look: (reflector: Reflector) => Found | undefined): Found | undefined {
    for (const reflector of this.#reflectors) {
      const found = look(reflector);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

type Scope = Pick<ReflectorOptions, 'namespace' | 'fieldSelector'>;

function scopesOf({ kind, namespaces, fieldSelector }: KindCacheOptions): readonly Scope[] {
  const own = fieldSelector === undefined ? {} : { fieldSelector };
  if (namespaces === null) return [{ namespace: null, ...own }];
  if (kind.namespaced) return namespaces.map((namespace) => ({ namespace, ...own }));
  // Only permitted Namespaces, by name, as a Role with resourceNames allows.
  if (kind.kind !== 'Namespace') return [{ namespace: null, ...own }];
  return namespaces.map((name) => ({ namespace: null, fieldSelector: `metadata.name=${name}` }));
}
