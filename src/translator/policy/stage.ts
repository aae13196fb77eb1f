/** Keeps policies, XBackends and extensions between snapshots: reads them again only if one of them, or an object that they refer to, changed. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfSameEntries } from '../../lib/reuse.ts';
import type { ExtensionKind } from '../extension/extension-kind.ts';
import { readExtensions, type Extensions } from '../extension/extensions.ts';
import { readXBackends } from '../graph/backend.ts';
import type { XBackendNode } from '../graph/nodes.ts';
import { track, type Sources, type Tracked } from '../graph/reads.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import { readPolicies, type Policies, type PolicyContext } from './policies.ts';
import type { PolicyKind } from './policy-kind.ts';
import { targetLists } from './targets.ts';

/** The lists that policies are read from. */
type PolicyLists = readonly (readonly object[])[];

/** The sources for reading the policies themselves. */
const NO_POLICIES = {
  policies: { governing: () => [], isReferable: () => false, referable: () => undefined },
  backends: new Map(),
  extensions: new Map(),
};

export interface ReadPolicies {
  readonly policies: Policies;
  readonly backends: ReadonlyMap<string, XBackendNode>;
  readonly extensions: Extensions;
}

interface StageOptions {
  readonly kinds: readonly PolicyKind[];
  readonly extensionKinds: readonly ExtensionKind[];
  readonly options: PolicyContext['options'];
}

/** The same object until something changes; nodes of unchanged policies stay the same objects as well. */
export function linkPolicies(
  snapshot: ResourceSnapshot,
  index: SnapshotIndex,
  { kinds, extensionKinds, options }: StageOptions,
  memo: Memo,
): ReadPolicies {
  const sources: Sources = { lookup: index, ...NO_POLICIES };
  const lists = memo.value('lists', listsOf(snapshot, kinds, extensionKinds), () => ({}));
  const read = memo.fold<{ readonly lists: object; readonly tracked: Tracked<ReadPolicies> }>(
    'read',
    (before) => ({
      lists,
      tracked: track(before?.lists === lists ? before.tracked : null, sources, (lookup) => {
        const last = before?.tracked.value ?? null;
        const context = { lookup, options };
        const { policies = null, backends = null, extensions = null } = last ?? {};
        // Routes are read again when one of these is another object.
        return {
          policies: readPolicies(kinds, { snapshot, context, before: policies }),
          backends: reuseIfSameEntries(backends, readXBackends(snapshot, context, backends)),
          extensions: reuseIfSameEntries(
            extensions,
            readExtensions(extensionKinds, snapshot, { context, before: extensions }),
          ),
        };
      }),
    }),
  );
  return read.tracked.value;
}

function listsOf(
  snapshot: ResourceSnapshot,
  kinds: readonly PolicyKind[],
  extensionKinds: readonly ExtensionKind[],
): PolicyLists {
  const lists = kinds.map((kind) => kind.objects(snapshot));
  const isTargeted = kinds.some(
    ({ attachment }, at) => attachment.kind === 'inherited' && (lists[at]?.length ?? 0) > 0,
  );
  const extensions = extensionKinds.map((kind) => kind.objects(snapshot));
  return [snapshot.backends, ...extensions, ...lists, ...(isTargeted ? targetLists(snapshot) : [])];
}
