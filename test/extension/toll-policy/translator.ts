import { SLUICE_GROUP } from '../../../src/gatewayapi/ref.ts';
import type { SnapshotOf } from '../../../src/gatewayapi/snapshot.ts';
import type { KindTable } from '../../../src/gatewayapi/kind.ts';
import type { PolicyKind, PolicyObject } from '../../../src/translator/policy/policy-kind.ts';

interface TollSettings {
  readonly passes: readonly string[];
}

type TollPolicy = PolicyObject & { readonly spec: TollSettings };

/** Refuses requests without a pass; the lists of all levels count. */
export const TOLL_POLICY: PolicyKind<TollPolicy, TollSettings> = {
  group: SLUICE_GROUP,
  kind: 'TollPolicy',
  objects: (snapshot) => (snapshot as SnapshotOf<KindTable>)['tollPolicies'] as readonly TollPolicy[],
  targets: ['Gateway', 'HTTPRoute'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: false,
  settings: {
    merge: 'add-up',
    name: 'toll',
    carriers: ['rule'],
    fields: {},
    itemsOf: ({ passes }: TollSettings) => [
      { path: 'passes', name: 'toll', precedence: 'Override', value: passes },
    ],
    lower: (items) => ({ lists: items.map(({ value }) => value) }),
  },
  read: ({ spec: { passes } }) => ({
    settings: { passes },
    faults: [],
    referenceFaults: [],
    warnings: [],
  }),
};
