/**
 * Merges the translator's status of an object into the live one: what other controllers and
 * other condition types own stays; `lastTransitionTime` changes only with `status`. Pure.
 */
import type { Condition } from '../../gatewayapi/condition.ts';
import type { ParentRef, AnyStatusUpdate } from '../../gatewayapi/status.ts';

export interface WrittenCondition extends Condition {
  readonly lastTransitionTime: string;
}

interface HasConditions {
  readonly conditions?: readonly WrittenCondition[];
}

export interface WrittenEntry extends HasConditions {
  readonly controllerName: string;
  readonly parentRef?: ParentRef;
  readonly ancestorRef?: ParentRef;
}

interface WrittenListener extends HasConditions {
  readonly name: string;
}

/** A live status: the parts that this module reads. */
export interface WrittenStatus extends HasConditions {
  readonly parents?: readonly WrittenEntry[];
  readonly ancestors?: readonly WrittenEntry[];
  readonly listeners?: readonly WrittenListener[];
}

export interface MergeContext {
  readonly controllerName: string;
  /** RFC 3339, for conditions whose status changes now. */
  readonly now: string;
}

/** The whole status to write. How it is merged follows from the fields of the new status, not from the kind. */
export function mergeStatus(
  current: WrittenStatus,
  { status }: AnyStatusUpdate,
  context: MergeContext,
): WrittenStatus {
  if ('parents' in status) {
    const parents = mergeEntries(current.parents, status.parents, context);
    return parents === undefined ? current : { ...current, parents };
  }
  if ('ancestors' in status) {
    const ancestors = mergeEntries(current.ancestors, status.ancestors, context);
    return ancestors === undefined ? current : { ...current, ancestors };
  }
  const conditions = mergeConditions(current, status.conditions, context);
  if (!('listeners' in status)) return { ...current, ...status, conditions };
  const listeners = status.listeners.map((listener) => {
    const before = current.listeners?.find(({ name }) => name === listener.name);
    return { ...listener, conditions: mergeConditions(before, listener.conditions, context) };
  });
  return { ...current, ...status, conditions, listeners };
}

interface Entry {
  readonly controllerName: string;
  readonly parentRef?: ParentRef;
  readonly ancestorRef?: ParentRef;
  readonly conditions: readonly Condition[];
}

/**
 * Every entry keeps its place, so that controllers do not fight over their order. Our stale entries are removed, new ones are appended.
 * undefined: nothing to write, because neither we nor another controller has an entry.
 */
function mergeEntries(
  current: readonly WrittenEntry[] | undefined,
  wanted: readonly Entry[],
  context: MergeContext,
): readonly WrittenEntry[] | undefined {
  if (current === undefined) {
    if (wanted.length === 0) return undefined;
    return mergeEntries([], wanted, context);
  }
  const waiting = new Set(wanted);
  const kept = current.flatMap((before) => {
    if (before.controllerName !== context.controllerName) return [before];
    const entry = wanted.find((candidate) => waiting.has(candidate) && sameRef(before, candidate));
    if (entry === undefined) return [];
    waiting.delete(entry);
    return [{ ...entry, conditions: mergeConditions(before, entry.conditions, context) }];
  });
  const added = [...waiting].map((entry) => ({
    ...entry,
    conditions: mergeConditions(undefined, entry.conditions, context),
  }));
  return [...kept, ...added];
}

const REF_FIELDS = ['group', 'kind', 'namespace', 'name', 'sectionName', 'port'] as const;

function sameRef(a: Omit<Entry, 'conditions'>, b: Omit<Entry, 'conditions'>): boolean {
  const left = a.parentRef ?? a.ancestorRef;
  const right = b.parentRef ?? b.ancestorRef;
  return REF_FIELDS.every((field) => left?.[field] === right?.[field]);
}

/** Condition types of our own, which come and go. */
const OWN_TYPES = 'gateway.sluice.dev/';

/** Other types that `wanted` does not name belong to other controllers and stay, after ours. */
function mergeConditions(
  before: HasConditions | undefined,
  wanted: readonly Condition[],
  { now }: MergeContext,
): readonly WrittenCondition[] {
  const current = before?.conditions ?? [];
  const ours = wanted.map((condition) => {
    const old = current.find(({ type }) => type === condition.type);
    const unchanged = old !== undefined && old.status === condition.status;
    return { ...condition, lastTransitionTime: unchanged ? old.lastTransitionTime : now };
  });
  const names = new Set(wanted.map(({ type }) => type));
  return [...ours, ...current.filter(({ type }) => !names.has(type) && !type.startsWith(OWN_TYPES))];
}
