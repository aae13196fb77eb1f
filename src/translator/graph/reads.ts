/**
 * Records what a computation reads. Its value is reused while reading the same again returns the same objects. Objects of a snapshot do not
 * change, so they are compared by identity.
 */
import type { ConfigMap, Secret, Service } from '../../gatewayapi/core-kinds.ts';
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import type { XBackend } from '../../gatewayapi/generated/types.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import type { ExtensionNode } from '../extension/extension-kind.ts';
import type { XBackendNode } from './nodes.ts';
import type { Policies } from '../policy/policies.ts';
import type { PolicyNode } from '../policy/policy-kind.ts';
import type { Labels, Lookup } from './snapshot-index.ts';

/** Everything that evaluating an object may read besides the object itself. */
export interface Sources {
  readonly lookup: Lookup;
  readonly policies: Pick<Policies, 'governing' | 'isReferable' | 'referable'>;
  readonly backends: BackendNodes;
  readonly extensions: ExtensionNodes;
}

/** Objects that configure filters, by `extensionKey`. */
export interface ExtensionNodes {
  get(key: string): ExtensionNode | undefined;
}

/** XBackends by `namespace/name`. */
export interface BackendNodes {
  get(key: string): XBackendNode | undefined;
}

type ObjectKind = 'service' | 'backend' | 'secret' | 'configMap';

type Read =
  | {
      readonly kind: ObjectKind;
      readonly namespace: string;
      readonly name: string;
      readonly answer: object | undefined;
    }
  | { readonly kind: 'labels'; readonly name: string; readonly answer: Labels }
  | {
      readonly kind: 'granted';
      readonly from: Referrer;
      readonly to: ObjectRef;
      readonly answer: boolean;
    }
  | {
      readonly kind: 'policies';
      readonly target: ObjectRef;
      readonly section: string;
      readonly answer: readonly PolicyNode[];
    }
  | { readonly kind: 'referable'; readonly ref: ObjectRef; readonly answer: PolicyNode | undefined }
  | { readonly kind: 'backendNode'; readonly key: string; readonly answer: XBackendNode | undefined }
  | { readonly kind: 'extension'; readonly key: string; readonly answer: ExtensionNode | undefined };

type Reads = readonly Read[];

/** Whether all recorded reads would return the same objects. */
const stillHold = (reads: Reads, sources: Sources): boolean =>
  reads.every((read) => readAgain(read, sources) === read.answer);

function readAgain(read: Read, { lookup, policies, backends, extensions }: Sources): Read['answer'] {
  switch (read.kind) {
    case 'service':
    case 'backend':
    case 'secret':
    case 'configMap':
      return lookup[read.kind](read.namespace, read.name);
    case 'labels':
      return lookup.namespaceLabels(read.name);
    case 'granted':
      return lookup.granted(read.from, read.to);
    case 'policies':
      return reuseIfSameItems(read.answer, policies.governing(read.target, read.section));
    case 'referable':
      return policies.referable(read.ref);
    case 'backendNode':
      return backends.get(read.key);
    case 'extension':
      return extensions.get(read.key);
  }
}

/** The same sources, with all reads recorded. */
class RecordingSources implements Sources, Lookup {
  readonly reads: Read[] = [];
  readonly #sources: Sources;
  readonly lookup: Lookup = this;
  readonly policies: Sources['policies'];
  readonly backends: BackendNodes;
  readonly extensions: ExtensionNodes;

  constructor(sources: Sources) {
    this.#sources = sources;
    this.policies = {
      governing: (target, section) => {
        const answer = sources.policies.governing(target, section);
        this.reads.push({ kind: 'policies', target, section, answer });
        return answer;
      },
      isReferable: (group, kind) => sources.policies.isReferable(group, kind),
      referable: (ref) => {
        const answer = sources.policies.referable(ref);
        this.reads.push({ kind: 'referable', ref, answer });
        return answer;
      },
    };
    this.backends = {
      get: (key) => {
        const answer = sources.backends.get(key);
        this.reads.push({ kind: 'backendNode', key, answer });
        return answer;
      },
    };
    this.extensions = {
      get: (key) => {
        const answer = sources.extensions.get(key);
        this.reads.push({ kind: 'extension', key, answer });
        return answer;
      },
    };
  }

  service(namespace: string, name: string): Service | undefined {
    return this.#noted('service', { namespace, name }, this.#sources.lookup.service(namespace, name));
  }

  backend(namespace: string, name: string): XBackend | undefined {
    return this.#noted('backend', { namespace, name }, this.#sources.lookup.backend(namespace, name));
  }

  secret(namespace: string, name: string): Secret | undefined {
    return this.#noted('secret', { namespace, name }, this.#sources.lookup.secret(namespace, name));
  }

  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#noted('configMap', { namespace, name }, this.#sources.lookup.configMap(namespace, name));
  }

  granted(from: Referrer, to: ObjectRef): boolean {
    const answer = this.#sources.lookup.granted(from, to);
    // Within a namespace nothing needs a grant.
    if (from.namespace !== to.namespace) this.reads.push({ kind: 'granted', from, to, answer });
    return answer;
  }

  namespaceLabels(name: string): Labels {
    const answer = this.#sources.lookup.namespaceLabels(name);
    this.reads.push({ kind: 'labels', name, answer });
    return answer;
  }

  #noted<Answer extends object | undefined>(
    kind: ObjectKind,
    { namespace, name }: { readonly namespace: string; readonly name: string },
    answer: Answer,
  ): Answer {
    this.reads.push({ kind, namespace, name, answer });
    return answer;
  }
}
/** Sources that record what is read. */
export type Recording = Sources & Lookup;

/** A value with everything that was read for it. */
export interface Tracked<Value> {
  readonly value: Value;
  readonly reads: Reads;
}

/** `before` if all reads for it would return the same objects; otherwise computed again. */
export function track<Value>(
  before: Tracked<Value> | null,
  sources: Sources,
  compute: (recording: Recording) => Value,
): Tracked<Value> {
  if (before !== null && stillHold(before.reads, sources)) return before;
  const recording = new RecordingSources(sources);
  const value = compute(recording);
  return { value, reads: compactArray(recording.reads) };
}

/** Values of objects, each reused while all reads for it would return the same objects. */
export class TrackedValues<Key extends object, Value> {
  readonly #tracked = new WeakMap<Key, Tracked<Value>>();

  valueOf(object: Key, sources: Sources, compute: (recording: Recording) => Value): Value {
    const tracked = track(this.#tracked.get(object) ?? null, sources, compute);
    this.#tracked.set(object, tracked);
    return tracked.value;
  }

  /** Objects whose values must be computed again. */
  staleAmong(objects: readonly Key[], sources: Sources): readonly Key[] {
    return objects.filter((object) => {
      const tracked = this.#tracked.get(object);
      return tracked !== undefined && !stillHold(tracked.reads, sources);
    });
  }
}
