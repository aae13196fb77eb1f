/**
 * Translates resources to configuration and statuses. Pure and total: the result does not depend on the order of the input.
 *
 * A translator memoizes what it computed from the last snapshot, so that the cost of a change is proportional to its size. Its results are equal
 * to those of a new translator, except that unchanged parts are the same objects as before.
 */
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { Memo } from '../lib/memo.ts';
import { Defects } from './contain.ts';
import { findingsOf } from './findings/findings.ts';
import { linkGraph } from './graph/graph.ts';
import { policiesOf } from './lower/gateway-config.ts';
import { lowerGateways } from './lower/gateways.ts';
import { lowerInfras } from './lower/infra.ts';
import { Digests } from './lower/version.ts';
import type { Observations } from './observations.ts';
import { statusesOf } from './status/statuses.ts';
import type { TranslateOptions, TranslateResult } from './types.ts';

/** Translates once, without memoized state. */
export const translate = (
  snapshot: ResourceSnapshot,
  observations: Observations,
  options: TranslateOptions,
): TranslateResult => new Translator(options).translate(snapshot, observations);

export class Translator {
  readonly #options: TranslateOptions;
  #state: State | null = null;

  constructor(options: TranslateOptions) {
    this.#options = options;
  }

  /** Objects of the snapshot that are the same as in the last one must not have changed. */
  translate(snapshot: ResourceSnapshot, observations: Observations): TranslateResult {
    const state = this.#state ?? new State(this.#options);
    // After a defect, the memoized state may be incomplete, so the next translation starts without it.
    this.#state = null;
    const result = state.memo.pass(() => runStages({ snapshot, observations }, state));
    this.#state = state;
    return result;
  }
}

/** The state kept between translations. */
class State {
  readonly options: TranslateOptions;
  readonly memo = new Memo();
  readonly defects = new Defects();
  readonly digests: Digests;

  constructor(options: TranslateOptions) {
    this.options = options;
    this.digests = new Digests(options.sha256Hex);
  }
}

interface Input {
  readonly snapshot: ResourceSnapshot;
  readonly observations: Observations;
}

function runStages({ snapshot, observations }: Input, state: State): TranslateResult {
  const { options, memo, defects, digests } = state;
  defects.keepOnly(Object.values(snapshot as unknown as Readonly<Record<string, readonly object[]>>));
  const { graph, index } = linkGraph(snapshot, state, memo.part('graph'));
  const lowered = lowerGateways(graph, { options, digests, defects, index }, memo.part('lowering'));
  const configs = memo.sameItems(
    'configs',
    lowered.map(({ config }) => config),
  );
  const { controllerName } = options;
  return {
    configs,
    infra: lowerInfras(graph, defects),
    statuses: statusesOf(graph, observations, { controllerName, defects }, memo.part('statuses')),
    findings: findingsOf(graph, configs, { options, defects, index }, memo.part('findings')),
    get policies() {
      return lowered.map(({ rules }) => policiesOf(rules));
    },
  };
}
