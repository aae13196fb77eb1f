/**
 * Routes from one snapshot to the next. A route is judged again when it, or what was read for it, changed; it is attached again when what
 * its parentRefs lead to changed. Whatever did not change stays the same object.
 */
import { GATEWAY_GROUP } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { compareText } from '../../lib/compare.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { diffByIdentity, type ListDiff } from '../../lib/list-diff.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { areFew, SortedList, withChanges } from '../../lib/sorted-list.ts';
import {
  attemptAttachments,
  parentKeyOf,
  type AttachmentAttempt,
  type Parent,
  type ParentIndex,
} from './attachment.ts';
import type { AttachmentPointNode } from './attachment-point.ts';
import { attachedTo, type AttachedRoute, type Attachments, type RouteNode, type RuleNode } from './nodes.ts';
import { ageKey, namespaceOf, refOf } from './object-key.ts';
import { RecordingSources, stillHold, type Reads, type Sources } from './reads.ts';
import { readRoute, routeLists, type AnyRoute, type RouteSpec } from './route-adapter.ts';
import { RouteSettler, sameOutcome, type Outcome } from './route.ts';
import type { Labels, SnapshotIndex } from './snapshot-index.ts';

/** Judges the rules of one route by themselves, without regard to where it attaches. */
export type JudgeRules = (route: RouteSpec, sources: Sources) => readonly RuleNode[];

interface Judgement {
  readonly rules: readonly RuleNode[];
  readonly reads: Reads;
}

interface Attempts {
  readonly all: readonly AttachmentAttempt[];
  /** What its parentRefs led to. */
  readonly parents: readonly (Parent | undefined)[];
  /** null: it asks for no default Gateways. */
  readonly defaults: ParentIndex['defaults'] | null;
  readonly labels: Labels;
}

interface Settled {
  readonly judgement: Judgement;
  readonly attempts: Attempts;
  readonly outcome: Outcome;
  readonly node: RouteNode;
  readonly attached: readonly AttachedRoute[];
}

/** A route with what became of it last. */
interface RouteRecord {
  readonly spec: RouteSpec;
  readonly age: string;
  readonly parentKeys: readonly (string | null)[];
  judgement: Judgement | null;
  attempts: Attempts | null;
  settled: Settled | null;
}

export interface RouteContext {
  readonly index: SnapshotIndex;
  readonly sources: Sources;
  readonly parents: ParentIndex;
}

export interface AttachedRoutes {
  /** All, oldest first; the same array until something changes. */
  readonly routes: readonly RouteNode[];
  readonly attachments: Attachments;
}

export class RouteStage {
  readonly #judgeRules: JudgeRules;
  readonly #records = new Map<AnyRoute, RouteRecord>();
  readonly #sorted = new SortedList<RouteRecord>((a, b) => compareText(a.age, b.age));
  #lists: readonly (readonly AnyRoute[])[] = [];
  #context: (RouteContext & { readonly generation: number }) | null = null;
  #nodes: readonly RouteNode[] = [];
  #attachments: Attachments = new Map();
  #hasGrpc = false;

  constructor(judgeRules: JudgeRules) {
    this.#judgeRules = judgeRules;
  }

  update(snapshot: ResourceSnapshot, context: RouteContext): AttachedRoutes {
    const { removed, added } = this.#takeLists(routeLists(snapshot));
    const before = this.#context;
    const sameIndex = before?.generation === context.index.generation;
    const { policies, backends } = context.sources;
    const sameSources =
      sameIndex && before.sources.policies === policies && before.sources.backends === backends;
    const sameListeners = before?.parents === context.parents;
    const sameParents = sameIndex && sameListeners;
    const changed = new Set(added);
    for (const record of sameSources ? added : this.#sorted.items) {
      if (this.#judge(record, context)) changed.add(record);
    }
    for (const record of sameParents ? added : this.#sorted.items) {
      if (attempt(record, context)) changed.add(record);
    }
    this.#context = { ...context, generation: context.index.generation };
    if (sameListeners && this.#areAlone(removed, changed)) this.#settleSome(removed, changed);
    else this.#settleAll(context.parents);
    return { routes: this.#nodes, attachments: this.#attachments };
  }

  /** Whether these routes are few, and no other's lot hangs on theirs. */
  #areAlone(removed: readonly RouteRecord[], changed: ReadonlySet<RouteRecord>): boolean {
    const hasGrpc = this.#hasGrpc || [...changed].some(isGrpc);
    return !hasGrpc && areFew(removed.length + changed.size, this.#sorted.items.length);
  }

  /** What came, went or changed. */
  #takeLists(lists: readonly (readonly AnyRoute[])[]): ListDiff<RouteRecord> {
    const removed: RouteRecord[] = [];
    const added: RouteRecord[] = [];
    for (const [at, list] of lists.entries()) {
      const { removed: gone, added: come } = diffByIdentity(this.#lists[at] ?? [], list);
      for (const route of gone) {
        const record = this.#records.get(route);
        this.#records.delete(route);
        if (record !== undefined) removed.push(record);
      }
      for (const route of come) {
        const record = newRecord(route);
        this.#records.set(route, record);
        added.push(record);
      }
    }
    this.#lists = lists;
    this.#sorted.change(removed, added);
    return { removed, added };
  }

  /** True when it had to be judged again. */
  #judge(record: RouteRecord, { sources }: RouteContext): boolean {
    if (record.judgement !== null && stillHold(record.judgement.reads, sources)) return false;
    const recording = new RecordingSources(sources);
    record.judgement = {
      rules: this.#judgeRules(record.spec, recording),
      reads: compactArray(recording.reads),
    };
    return true;
  }

  /** Other routes stay as they were settled. */
  #settleSome(removed: readonly RouteRecord[], changed: ReadonlySet<RouteRecord>): void {
    const nodes = new Changes<RouteNode>();
    const attached = new Map<AttachmentPointNode, Changes<AttachedRoute>>();
    const note = (settled: Settled | null, which: keyof Changes<unknown>): void => {
      if (settled === null) return;
      nodes[which].push(settled.node);
      for (const [at, point] of settled.outcome.points.entries()) {
        const changes = attached.get(point) ?? new Changes();
        attached.set(point, changes);
        const one = settled.attached[at];
        if (one !== undefined) changes[which].push(one);
      }
    };
    for (const { settled } of removed) note(settled, 'removed');
    const settler = new RouteSettler([]);
    for (const record of changed) {
      const before = record.settled;
      const after = settle(record, settler);
      if (before?.attached === after?.attached) continue;
      note(before, 'removed');
      note(after, 'added');
    }
    this.#nodes = withChanges(this.#nodes, nodes, compareNodes);
    if (attached.size === 0) return;
    const attachments = new Map(this.#attachments);
    for (const [point, changes] of attached) {
      const before = attachedTo(this.#attachments, point);
      attachments.set(
        point,
        withChanges(before, changes, (a, b) => compareNodes(a.route, b.route)),
      );
    }
    this.#attachments = attachments;
  }

  #settleAll(parents: ParentIndex): void {
    const ofGrpc = this.#sorted.items.filter(isGrpc);
    this.#hasGrpc = ofGrpc.length > 0;
    const settler = new RouteSettler(ofGrpc.flatMap(({ attempts }) => attempts?.all ?? []));
    const attached = new Map<AttachmentPointNode, AttachedRoute[]>();
    for (const { points } of parents.byKey.values()) {
      for (const point of points) attached.set(point, []);
    }
    const nodes: RouteNode[] = [];
    for (const record of this.#sorted.items) {
      const settled = settle(record, settler);
      if (settled === null) continue;
      nodes.push(settled.node);
      for (const [at, point] of settled.outcome.points.entries()) {
        const one = settled.attached[at];
        if (one !== undefined) attached.get(point)?.push(one);
      }
    }
    this.#attachments = new Map(
      [...attached].map(([point, routes]) => [
        point,
        reuseIfSameItems(attachedTo(this.#attachments, point), routes),
      ]),
    );
    this.#nodes = reuseIfSameItems(this.#nodes, nodes);
  }
}

/** Of a sorted list. */
class Changes<Item> implements ListDiff<Item> {
  readonly removed: Item[] = [];
  readonly added: Item[] = [];
}

const isGrpc = ({ spec }: RouteRecord): boolean => spec.kind === 'GRPCRoute';

/** Text that sorts routes by age, then by name, then by kind. */
const ageOf = ({ object, kind }: Pick<RouteNode, 'object' | 'kind'>): string => `${ageKey(object)}\n${kind}`;

const compareNodes = (a: RouteNode, b: RouteNode): number => compareText(ageOf(a), ageOf(b));

function newRecord(route: AnyRoute): RouteRecord {
  const spec = readRoute(route);
  const namespace = namespaceOf(route);
  return {
    spec,
    age: ageOf(spec),
    parentKeys: spec.parentRefs.map((ref) => parentKeyOf(ref, namespace)),
    judgement: null,
    attempts: null,
    settled: null,
  };
}

/** True when what the route can attach to changed. */
function attempt(record: RouteRecord, { index, parents }: RouteContext): boolean {
  const { spec, parentKeys, attempts: before } = record;
  const found = parentKeys.map((key) => (key === null ? undefined : parents.byKey.get(key)));
  const labels = index.namespaceLabels(namespaceOf(spec.object));
  const defaults = spec.usesDefaultGateways ? parents.defaults : null;
  if (
    before !== null &&
    before.labels === labels &&
    reuseIfSameItems(before.parents, found) === before.parents &&
    (defaults === before.defaults ||
      (before.defaults !== null && reuseIfSameItems(before.defaults, defaults ?? []) === before.defaults))
  ) {
    return false;
  }
  const all = attemptAttachments(spec, parents, index);
  record.attempts = { all, parents: found, labels, defaults };
  return true;
}

function settle(record: RouteRecord, settler: RouteSettler): Settled | null {
  const { spec, judgement, attempts, settled: before } = record;
  if (judgement === null || attempts === null) return null;
  const isSameInput = before?.judgement === judgement && before.attempts === attempts;
  if (isSameInput && !before.outcome.isContested && !settler.isContested(spec.kind, attempts.all)) {
    return before;
  }
  const ref = before?.node.ref ?? refOf(spec.object, GATEWAY_GROUP);
  const { kind, object, hostnames } = spec;
  const base = { kind, object, ref, hostnames, rules: judgement.rules };
  const outcome = settler.settle(base, attempts.all);
  if (isSameInput && sameOutcome(before.outcome, outcome)) {
    record.settled = { ...before, outcome };
    return record.settled;
  }
  const node: RouteNode = { ...base, parents: outcome.parents };
  const attached = outcome.hostnames.map((shared) => ({ route: node, hostnames: shared }));
  record.settled = { judgement, attempts, outcome, node, attached };
  return record.settled;
}
