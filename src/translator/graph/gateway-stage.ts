/** Gateways from one snapshot to the next: one is judged again only when something that was read for it changed. */
import type { Gateway, ListenerSet } from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import type { Defects } from '../contain.ts';
import { judgeGateway, selectGateways, type GatewayContext, type SelectedGateway } from './gateway.ts';
import type { ClassNode, GatewayNode } from './nodes.ts';
import { RecordingSources, stillHold, type Reads, type Sources } from './reads.ts';

interface Judged {
  readonly selected: SelectedGateway;
  readonly proxyConfigs: GatewayContext['proxyConfigs'];
  readonly reads: Reads;
  readonly node: GatewayNode;
}

type Selection = readonly [
  gateways: readonly Gateway[],
  sets: readonly ListenerSet[],
  classes: readonly ClassNode[],
];

export class GatewayStage {
  readonly #defects: Defects;
  #selection: Selection | null = null;
  #selected: readonly SelectedGateway[] = [];
  #judged = new Map<Gateway, Judged>();
  #gateways: readonly GatewayNode[] = [];

  constructor(defects: Defects) {
    this.#defects = defects;
  }

  /** Gateways to be served, in order of their names; the same array until something changes. */
  update(
    snapshot: ResourceSnapshot,
    classes: readonly ClassNode[],
    { sources, ...context }: Omit<GatewayContext, 'lookup'> & { readonly sources: Sources },
  ): readonly GatewayNode[] {
    this.#select([snapshot.gateways, snapshot.listenerSets, classes], context.options);
    const judged = new Map<Gateway, Judged>();
    for (const selected of this.#selected) {
      const known = this.#judged.get(selected.gateway);
      const stands =
        known !== undefined &&
        known.proxyConfigs === context.proxyConfigs &&
        isSameSelection(known.selected, selected) &&
        stillHold(known.reads, sources);
      judged.set(selected.gateway, stands ? known : judge(selected, context, sources));
    }
    this.#judged = judged;
    this.#gateways = reuseIfSameItems(
      this.#gateways,
      [...judged.values()].map(({ node }) => node),
    );
    return this.#gateways;
  }

  #select(selection: Selection, options: GatewayContext['options']): void {
    if (selection.every((list, at) => list === this.#selection?.[at])) return;
    this.#selection = selection;
    const [gateways, listenerSets, classes] = selection;
    this.#selected = selectGateways({ gateways, listenerSets }, classes, {
      allClasses: options.allClasses,
      defects: this.#defects,
    });
  }
}

function judge(selected: SelectedGateway, context: Omit<GatewayContext, 'lookup'>, sources: Sources): Judged {
  const recording = new RecordingSources(sources);
  const node = judgeGateway(selected, { ...context, lookup: recording });
  return { selected, proxyConfigs: context.proxyConfigs, reads: recording.reads, node };
}

const isSameSelection = (a: SelectedGateway, b: SelectedGateway): boolean =>
  a === b || (isSameClass(a.ours, b.ours) && reuseIfSameItems(a.sets, b.sets) === a.sets);

/** As far as a Gateway is judged by it: that we put our finalizer on a class must not have all its routes attached anew. */
const isSameClass = (a: ClassNode | undefined, b: ClassNode | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.parameters === b.parameters &&
    a.faults.length + b.faults.length === 0);
