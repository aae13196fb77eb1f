/**
 * Translates resources to configuration and statuses. Pure and total: the result does not depend on the order of the input.
 *
 * A translator keeps what it computed from the last snapshot, so that a change costs in proportion to what it touches. Its answers are those
 * of a translator that begins from nothing, except that parts of them are the same objects as before.
 */
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { InfraSpec } from '../ir/infra.ts';
import { Memo } from '../lib/memo.ts';
import { contain, Defects } from './contain.ts';
import { FindingCollector } from './findings/findings.ts';
import { GraphBuilder, type Graph } from './graph/graph.ts';
import type { GatewayNode } from './graph/nodes.ts';
import { keyOf } from './graph/object-key.ts';
import { lowerGateway, policiesOf, type LoweredGateway, type Lowering } from './lower/gateway-config.ts';
import { lowerInfra } from './lower/infra.ts';
import { Digests } from './lower/version.ts';
import type { Observations } from './observations.ts';
import { PolicyLowering } from './policy/lowering.ts';
import { StatusTable } from './status/statuses.ts';
import type { TranslateOptions, TranslateResult } from './types.ts';

/** Translates once, without memoized state. */
export const translate = (
  snapshot: ResourceSnapshot,
  observations: Observations,
  options: TranslateOptions,
): TranslateResult => new Translator(options).translate(snapshot, observations);

export class Translator {
  readonly #options: TranslateOptions;
  #stages: Stages | null = null;

  constructor(options: TranslateOptions) {
    this.#options = options;
  }

  /** Objects of the snapshot that are the same as in the last one must not have changed. */
  translate(snapshot: ResourceSnapshot, observations: Observations): TranslateResult {
    const stages = this.#stages ?? new Stages(this.#options);
    // After a defect what is kept may be half of a translation: then the next one begins from nothing.
    this.#stages = null;
    const result = stages.run(snapshot, observations);
    this.#stages = stages;
    return result;
  }
}

/** The stages of a translation, with what each keeps for the next one. */
class Stages {
  readonly #options: TranslateOptions;
  readonly #defects = new Defects();
  readonly #graph: GraphBuilder;
  readonly #memo = new Memo();
  readonly #digests: Digests;
  readonly #statuses: StatusTable;
  readonly #findings: FindingCollector;

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#graph = new GraphBuilder(options, this.#defects);
    this.#digests = new Digests(options.sha256Hex);
    this.#statuses = new StatusTable(options.controllerName, this.#defects);
    this.#findings = new FindingCollector(options, this.#defects);
  }

  run(snapshot: ResourceSnapshot, observations: Observations): TranslateResult {
    this.#defects.keepOnly(Object.values(snapshot as unknown as Readonly<Record<string, readonly object[]>>));
    const graph = this.#graph.update(snapshot);
    const accepted = graph.gateways.filter((gateway) => gateway.faults.length === 0);
    const lowered = this.#memo.pass(() => this.#lower(graph, accepted));
    const configs = this.#memo.sameItems(
      'configs',
      lowered.map(({ config }) => config),
    );
    const rules = lowered.map((one) => one.rules);
    return {
      configs,
      infra: accepted.flatMap((gateway) => this.#infraOf(gateway)),
      statuses: this.#statuses.update(graph, observations),
      findings: this.#findings.update(graph, graph.snapshot, configs),
      get policies() {
        return rules.map(policiesOf);
      },
    };
  }

  #lower(graph: Graph, gateways: readonly GatewayNode[]): readonly LoweredGateway[] {
    const lowering: Lowering = {
      policies: new PolicyLowering(graph.hierarchy),
      inherited: graph.policies.inherited,
      options: this.#options,
      attachments: graph.attachments,
      endpoints: { slices: graph.snapshot.endpointSlices, index: graph.index },
      defects: this.#defects,
      digests: this.#digests,
      rules: this.#memo.part('rules'),
    };
    const ofGateways = this.#memo.part('gateways');
    return gateways.flatMap((gateway) => {
      const memo = ofGateways.part(keyOf(gateway.object));
      return this.#lowerContained(gateway, lowering, memo) ?? [];
    });
  }

  /** Where lowering throws, the last configuration is still served; null where there is none. */
  #lowerContained(gateway: GatewayNode, lowering: Lowering, memo: Memo): LoweredGateway | null {
    const lower = (): LoweredGateway => lowerGateway(gateway, lowering, memo.part('lowering'));
    const fromNothing = (): LoweredGateway => {
      memo.forget('lowering');
      return lower();
    };
    return memo.fold<LoweredGateway | null>('lowered', (before) =>
      this.#defects.contain<LoweredGateway | null>(
        [gateway.object, 'lower'],
        // After a failure what is kept may be half of a translation.
        () => contain(lower, fromNothing),
        () => {
          memo.forget('lowering');
          return before;
        },
      ),
    );
  }

  #infraOf(gateway: GatewayNode): readonly InfraSpec[] {
    return this.#defects.contain(
      [gateway.object, 'infrastructure'],
      () => [lowerInfra(gateway)],
      () => [],
    );
  }
}
