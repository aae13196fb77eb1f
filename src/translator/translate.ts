/**
 * Resources in, configuration and status out. Pure and total: the same answer for the same input in any order.
 *
 * A translator remembers what it made of the snapshot before, by the identity of the objects that it was made of, and makes anew what they
 * say otherwise: a change costs in proportion to what it touches. What it remembers shows in nothing but the cost, and in parts of its
 * answers being the same objects as before.
 */
import type { Observations, ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { keepList } from '../lib/keep-same.ts';
import { FindingCollector } from './findings/findings.ts';
import { GraphBuilder } from './graph/graph.ts';
import type { GatewayNode } from './graph/nodes.ts';
import { keyOf } from './graph/object-key.ts';
import { GatewayLowering, policiesOf, type Lowering } from './lower/gateway-config.ts';
import { lowerInfra } from './lower/infra.ts';
import { PolicyLowering } from './lower/policy-lowering.ts';
import { RuleMemory } from './lower/rule-memory.ts';
import { DEFAULT_DIGEST } from './lower/version.ts';
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
  #gateways = new Map<string, GatewayLowering>();
  readonly #statuses: StatusTable;
  readonly #findings: FindingCollector;
  #configs: TranslateResult['configs'] = [];

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#graph = new GraphBuilder(options);
    this.#rules = new RuleMemory(options.measureRegex);
    this.#statuses = new StatusTable(options.controllerName);
    this.#findings = new FindingCollector(options);
  }

  translate(next: ResourceSnapshot, observations: Observations): TranslateResult {
    const graph = this.#graph.update(next);
    const served = graph.gateways.filter((gateway) => gateway.faults.length === 0);
    const options = this.#options;
    const { index, snapshot } = graph;
    const policies = new PolicyLowering(graph.hierarchy);
    const { backend: backendPolicies } = graph.policies;
    const rulesOf = this.#rules.of(policies, backendPolicies);
    const slices = snapshot.endpointSlices;
    const lowering: Lowering = { rulesOf, policies, backendPolicies, options, index, slices };
    const lowerings = new Map(served.map((gateway) => [keyOf(gateway.object), this.#loweringOf(gateway)]));
    this.#gateways = lowerings;
    this.#configs = keepList(
      this.#configs,
      served.flatMap((gateway) => lowerings.get(keyOf(gateway.object))?.update(gateway, lowering) ?? []),
    );
    const rules = [...lowerings.values()].map(({ loweredRules }) => loweredRules);
    return {
      configs: this.#configs,
      infra: served.map(lowerInfra),
      statuses: this.#statuses.update(graph, observations),
      findings: this.#findings.update(graph, snapshot, this.#configs),
      get policies() {
        return rules.map(policiesOf);
      },
    };
  }

  #loweringOf({ object }: GatewayNode): GatewayLowering {
    return (
      this.#gateways.get(keyOf(object)) ?? new GatewayLowering(this.#options.sha256Hex ?? DEFAULT_DIGEST)
    );
  }
}
