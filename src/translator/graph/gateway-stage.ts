/** Gateways with their ListenerSets: one is read again only when it, or something that was read for it, changed. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Memo } from '../../lib/memo.ts';
import type { Defects } from '../contain.ts';
import { readGateway, selectGateways, type GatewayContext, type SelectedGateway } from './gateway.ts';
import type { ClassNode, GatewayNode } from './nodes.ts';
import { keyOf } from './object-key.ts';
import { TrackedValues, type Sources } from './reads.ts';

interface StageContext extends Omit<GatewayContext, 'lookup'> {
  readonly sources: Sources;
  readonly defects: Defects;
}

/** Gateways to be served, in order of their names; the same array until something changes. */
export function linkGateways(
  snapshot: ResourceSnapshot,
  classes: readonly ClassNode[],
  { sources, defects, ...context }: StageContext,
  memo: Memo,
): readonly GatewayNode[] {
  const { options, proxyConfigs } = context;
  const { gateways, listenerSets } = snapshot;
  const { allClasses } = options;
  const selected = memo.value('selected', [gateways, listenerSets, classes], () =>
    selectGateways({ gateways, listenerSets }, classes, { allClasses, defects }),
  );
  const tracked = memo.value('tracked', [], () => new TrackedValues<SelectedGateway, GatewayNode>());
  const read = (one: SelectedGateway): GatewayNode =>
    tracked.valueOf(one, sources, (lookup) => readGateway(one, { ...context, lookup }));
  return memo.sameItems(
    'gateways',
    selected.map((one) => {
      const { gateway, sets, ours } = one;
      const inputs = [gateway, proxyConfigs, classBasis(ours), ...sets];
      return read(memo.part(keyOf(gateway)).value('selection', inputs, () => ({ ...one })));
    }),
  );
}

/** What a Gateway is read by of its class: other changes, such as our finalizer, must not have all its routes bound again. */
const classBasis = (ours: ClassNode | undefined): unknown =>
  ours?.faults.length === 0 ? ours.parameters : ours;
