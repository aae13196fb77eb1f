/** Policies and XBackends from one snapshot to the next: judged again only when one of them, or what they refer to, changed. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { judgeXBackends } from '../graph/backend.ts';
import type { XBackendNode } from '../graph/nodes.ts';
import { judgePolicies, type Policies, type PolicyContext } from './policies.ts';
import { RecordingSources, stillHold, type Reads, type Sources } from '../graph/reads.ts';
import { routeLists } from '../graph/route-adapter.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';

/** The lists that policies are made of. */
type PolicyLists = readonly (readonly object[])[];

const listsOf = (snapshot: ResourceSnapshot): PolicyLists => [
  snapshot.backendTlsPolicies,
  snapshot.backendTrafficPolicies,
  snapshot.backendPolicies,
  snapshot.backends,
  ...(snapshot.backendPolicies.length === 0 ? [] : targetsOf(snapshot)),
];

/** What BackendPolicies may be attached to, besides Services. */
const targetsOf = (snapshot: ResourceSnapshot): PolicyLists => [
  snapshot.gateways,
  snapshot.listenerSets,
  ...routeLists(snapshot),
];

const NOTHING = { policies: { tlsFor: () => null, trafficFor: () => null }, backends: new Map() };

export interface JudgedPolicies {
  readonly policies: Policies;
  readonly backends: ReadonlyMap<string, XBackendNode>;
}

export class PolicyStage {
  #lists: PolicyLists = [];
  #reads: Reads = [];
  #judged: JudgedPolicies | null = null;

  /** The same object until something changes; nodes of policies that say what they said stay the same, too. */
  update(
    snapshot: ResourceSnapshot,
    index: SnapshotIndex,
    options: PolicyContext['options'],
  ): JudgedPolicies {
    const lists = listsOf(snapshot);
    const sources: Sources = { lookup: index, ...NOTHING };
    if (
      this.#judged !== null &&
      lists.every((list, at) => list === this.#lists[at]) &&
      stillHold(this.#reads, sources)
    ) {
      return this.#judged;
    }
    const recording = new RecordingSources(sources);
    const context = { lookup: recording, options };
    this.#judged = {
      policies: judgePolicies(snapshot, context, this.#judged?.policies ?? null),
      backends: judgeXBackends(snapshot, context, this.#judged?.backends ?? null),
    };
    this.#lists = lists;
    this.#reads = recording.reads;
    return this.#judged;
  }
}
