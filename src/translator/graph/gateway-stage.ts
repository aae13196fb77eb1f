/** Gateways with their ListenerSets. A Gateway is read again only if it, or an object that was read for it, has changed. */
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

/** Gateways to serve, by name; the same array until something changes. */
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

/** The parts of the class that a Gateway depends on: other changes, such as Sluice's finalizer, must not rebind all its routes. */
const classBasis = (ours: ClassNode | undefined): unknown =>
  ours?.faults.length === 0 ? ours.parameters : ours;
