/** Lowers the Gateways of the graph to configurations of data planes. If lowering one Gateway throws, the others are not affected. */
import type { Memo } from '../../lib/memo.ts';
import { contain, type Defects } from '../contain.ts';
import type { Graph } from '../graph/graph.ts';
import type { GatewayNode } from '../graph/nodes.ts';
import { keyOf } from '../graph/object-key.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import { PolicyLowering } from '../policy/lowering.ts';
import type { TranslateOptions } from '../types.ts';
import { lowerGateway, type LoweredGateway, type Lowering } from './gateway-config.ts';
import type { Digests } from './version.ts';

export interface LoweringContext {
  readonly options: TranslateOptions;
  readonly digests: Digests;
  readonly defects: Defects;
  readonly index: SnapshotIndex;
}

export const acceptedGateways = ({ gateways }: Graph): readonly GatewayNode[] =>
  gateways.filter((gateway) => gateway.faults.length === 0);

/** Those that are accepted. */
export function lowerGateways(
  graph: Graph,
  { options, digests, defects, index }: LoweringContext,
  memo: Memo,
): readonly LoweredGateway[] {
  const { attachments, hierarchy, policies, snapshot } = graph;
  const lowering: Lowering = {
    options,
    digests,
    defects,
    policies: new PolicyLowering(hierarchy),
    inherited: policies.inherited,
    policyNodes: policies.nodes,
    attachments,
    endpoints: { slices: snapshot.endpointSlices, index },
    rules: memo.part('rules'),
  };
  const ofGateways = memo.part('gateways');
  return acceptedGateways(graph).flatMap(
    (gateway) => lowerContained(gateway, lowering, ofGateways.part(keyOf(gateway.object))) ?? [],
  );
}

/** If lowering throws, the last configuration is still served; null if there is none. */
function lowerContained(gateway: GatewayNode, lowering: Lowering, memo: Memo): LoweredGateway | null {
  const lower = (): LoweredGateway => lowerGateway(gateway, lowering, memo.part('lowering'));
  const fromNothing = (): LoweredGateway => {
    memo.forget('lowering');
    return lower();
  };
  return memo.fold<LoweredGateway | null>('lowered', (before) =>
    lowering.defects.contain<LoweredGateway | null>(
      [gateway.object, 'lower'],
      // After a failure, the memoized state may be incomplete.
      () => contain(lower, fromNothing),
      () => {
        memo.forget('lowering');
        return before;
      },
    ),
  );
}
