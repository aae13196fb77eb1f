import type { KindTable } from '../../../src/gatewayapi/kind.ts';
import { SLUICE_GROUP } from '../../../src/gatewayapi/ref.ts';
import type { SnapshotOf } from '../../../src/gatewayapi/snapshot.ts';
import type { ExtensionKind, ExtensionObject } from '../../../src/translator/extension/extension-kind.ts';
import type { GreetingFilter } from './ir.ts';

type Greeting = ExtensionObject & { readonly spec: { readonly text: string } };
type Settings = Greeting['spec'];

/** Greets the backend in a header. */
export const GREETING_KIND: ExtensionKind<Greeting, Settings> = {
  group: SLUICE_GROUP,
  kind: 'Greeting' as never,
  objects: (snapshot) => (snapshot as SnapshotOf<KindTable>)['greetings'] as readonly Greeting[],
  read: ({ spec }) => ({ settings: spec, faults: [], referenceFaults: [], warnings: [] }),
  filter: {
    type: 'Greeting',
    field: 'extensionRef',
    lower: ({ text }) => ({ kind: 'greeting', text }) satisfies GreetingFilter as never,
  },
};
