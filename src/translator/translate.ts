/**
 * Resources in, configuration and status out. Pure and total: the same answer for the same input in any order.
 *
 * A translator remembers what it made of the snapshot before, by the identity of the objects that it was made of, and makes anew what they
 * say otherwise: a change costs in proportion to what it touches. What it remembers shows in nothing but the cost, and in parts of its
 * answers being the same objects as before.
 */
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { InfraSpec } from '../ir/infra.ts';
import { reuseIfSameItems } from '../lib/reuse.ts';
import { contain, Defects } from './contain.ts';
import { FindingCollector } from './findings/findings.ts';
import { GraphBuilder } from './graph/graph.ts';
import type { GatewayNode } from './graph/nodes.ts';
import { keyOf } from './graph/object-key.ts';
import { GatewayLowering, policiesOf, type Lowering } from './lower/gateway-config.ts';
import { lowerInfra } from './lower/infra.ts';
import { PolicyLowering } from './policy/lowering.ts';
import { RuleMemory } from './lower/rule-memory.ts';
import { DEFAULT_DIGEST } from './lower/version.ts';
import type { Observations } from './observations.ts';
import { StatusTable } from './status/statuses.ts';
import type { TranslateOptions, TranslateResult } from './types.ts';

/** One translation, from nothing. */
export const translate = (
  snapshot: ResourceSnapshot,
  observations: Observations,
  options: TranslateOptions,
): TranslateResult => new Translator(options).translate(snapshot, observations);

export class Translator {
  readonly #options: TranslateOptions;
  #memory: Memory | null = null;

  constructor(options: TranslateOptions) {
    this.#options = options;
  }

  /** Objects of the snapshot that are the same as in the one before must not have changed. */
  translate(snapshot: ResourceSnapshot, observations: Observations): TranslateResult {
    const memory = this.#memory ?? new Memory(this.#options);
    // A defect must not leave half of a translation behind: the next one begins from nothing then.
    this.#memory = null;
    const result = memory.translate(snapshot, observations);
    this.#memory = memory;
    return result;
  }
}

/** What is remembered from one translation to the next. */
class Memory {
  readonly #options: TranslateOptions;
  readonly #graph: GraphBuilder;
  readonly #rules: RuleMemory;
  readonly #defects = new Defects();
  #gateways = new Map<string, LoweredGateway>();
  readonly #statuses: StatusTable;
  readonly #findings: FindingCollector;
  #configs: TranslateResult['configs'] = [];

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#graph = new GraphBuilder(options, this.#defects);
    this.#rules = new RuleMemory(this.#defects);
    this.#statuses = new StatusTable(options.controllerName, this.#defects);
    this.#findings = new FindingCollector(options, this.#defects);
  }

  translate(next: ResourceSnapshot, observations: Observations): TranslateResult {
    this.#defects.keepOnly(Object.values(next as unknown as Readonly<Record<string, readonly object[]>>));
    const graph = this.#graph.update(next);
    const served = graph.gateways.filter((gateway) => gateway.faults.length === 0);
    const options = this.#options;
    const { index, snapshot, attachments } = graph;
    const policies = new PolicyLowering(graph.hierarchy);
    const { inherited } = graph.policies;
    const rulesOf = this.#rules.of(policies, inherited);
    const slices = snapshot.endpointSlices;
    const defects = this.#defects;
    const lowering: Lowering = {
      rulesOf,
      policies,
      inherited,
      options,
      attachments,
      index,
      slices,
      defects,
    };
    const lowered = served.flatMap((gateway) => this.#lower(gateway, lowering) ?? []);
    this.#gateways = new Map(lowered.map((one) => [one.key, one]));
    this.#configs = reuseIfSameItems(
      this.#configs,
      lowered.map(({ config }) => config),
    );
    const rules = lowered.map((one) => one.rules);
    return {
      configs: this.#configs,
      infra: served.flatMap((gateway) => this.#infraOf(gateway)),
      statuses: this.#statuses.update(graph, observations),
      findings: this.#findings.update(graph, snapshot, this.#configs),
      get policies() {
        return rules.map(policiesOf);
      },
    };
  }

  /** Where lowering throws, what was served before is served on; null where nothing was. */
  #lower(gateway: GatewayNode, context: Lowering): LoweredGateway | null {
    const key = keyOf(gateway.object);
    const before = this.#gateways.get(key) ?? null;
    const lowerWith = (lowering: GatewayLowering): LoweredGateway => {
      const config = lowering.update(gateway, context);
      return { key, lowering, config, rules: lowering.loweredRules };
    };
    const fromNothing = (): LoweredGateway =>
      lowerWith(new GatewayLowering(this.#options.sha256Hex ?? DEFAULT_DIGEST));
    return this.#defects.contain<LoweredGateway | null>(
      [gateway.object, 'lower'],
      () => {
        const lowering = before?.lowering ?? null;
        // After a failure what was memoized may be half of a translation.
        return lowering === null ? fromNothing() : contain(() => lowerWith(lowering), fromNothing);
      },
      () => (before === null ? null : { ...before, lowering: null }),
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

interface LoweredGateway {
  readonly key: string;
  /** null: to be begun from nothing. */
  readonly lowering: GatewayLowering | null;
  readonly config: GatewayConfig;
  readonly rules: GatewayLowering['loweredRules'];
}
