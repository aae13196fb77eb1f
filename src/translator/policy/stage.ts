/** Keeps policies and XBackends between snapshots: reads them again only if one of them, or an object that they refer to, changed. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { readXBackends } from '../graph/backend.ts';
import type { XBackendNode } from '../graph/nodes.ts';
import { RecordingSources, stillHold, type Reads, type Sources } from '../graph/reads.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import { readPolicies, type Policies, type PolicyContext } from './policies.ts';
import type { PolicyKind } from './policy-kind.ts';
import { targetLists } from './targets.ts';

/** The lists that policies are read from. */
type PolicyLists = readonly (readonly object[])[];

/** The sources for reading the policies themselves. */
const NO_POLICIES = { policies: { governing: () => [] }, backends: new Map() };

export interface ReadPolicies {
  readonly policies: Policies;
  readonly backends: ReadonlyMap<string, XBackendNode>;
}

export class PolicyStage {
  readonly #kinds: readonly PolicyKind[];
  #lists: PolicyLists = [];
  #reads: Reads = [];
  #read: ReadPolicies | null = null;

  constructor(kinds: readonly PolicyKind[]) {
    this.#kinds = kinds;
  }

  /** The same object until something changes; nodes of unchanged policies stay the same objects as well. */
  update(snapshot: ResourceSnapshot, index: SnapshotIndex, options: PolicyContext['options']): ReadPolicies {
    const lists = this.#listsOf(snapshot);
    const sources: Sources = { lookup: index, ...NO_POLICIES };
    if (
      this.#read !== null &&
      lists.every((list, at) => list === this.#lists[at]) &&
      stillHold(this.#reads, sources)
    ) {
      return this.#read;
    }
    const recording = new RecordingSources(sources);
    const context = { lookup: recording, options };
    this.#read = {
      policies: readPolicies(this.#kinds, { snapshot, context, before: this.#read?.policies ?? null }),
      backends: readXBackends(snapshot, context, this.#read?.backends ?? null),
    };
    this.#lists = lists;
    this.#reads = recording.reads;
    return this.#read;
  }

  #listsOf(snapshot: ResourceSnapshot): PolicyLists {
    const lists = this.#kinds.map((kind) => kind.objects(snapshot));
    const isTargeted = this.#kinds.some(
      ({ attachment }, at) => attachment.kind === 'inherited' && (lists[at]?.length ?? 0) > 0,
    );
    return [snapshot.backends, ...lists, ...(isTargeted ? targetLists(snapshot) : [])];
  }
}
