/**
 * The controller: whenever resources or observations change, translate what there is, publish what differs, and hand on statuses.
 * Level-triggered: a run looks at what is there now, and any number of changes before it cost one run.
 */
import type { ConfigServer } from '../configsync/server.ts';
import type { InputFinding } from '../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { Provider } from '../provider/provider.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Observations } from '../translator/observations.ts';
import type { TranslateResult } from '../translator/types.ts';
import { coalesce } from './coalesce.ts';
import { DefectLog } from './defect-log.ts';
import { afterFailure, afterSuccess, HEALTHY, type ReconcileHealth } from './reconcile-health.ts';

/** Acknowledgments of several proxies come in a bunch; one translation is enough for them. */
const OBSERVATION_DELAY_MS = 10;
/**
 * After a run that took long, rest as long: while thousands of objects are applied one by one, each run takes in many of
 * them. One change in quiet times waits for nothing.
 */
const REST_FACTOR = 1;
const MAX_REST_MS = 250;
const RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

/** Everything known after a run. */
export interface Reconciled {
  readonly snapshot: ResourceSnapshot;
  readonly inputFindings: readonly InputFinding[];
  readonly observations: Observations;
  readonly result: TranslateResult;
  /** Revision under which `result.configs` are published. */
  readonly revision: number;
}

export interface ReconcileOptions {
  readonly provider: Provider;
  readonly server: Pick<ConfigServer, 'publish' | 'revision'>;
  readonly observe: () => Observations;
  readonly translate: (snapshot: ResourceSnapshot, observations: Observations) => TranslateResult;
  readonly onReconciled: (reconciled: Reconciled) => void;
  /** A run failed, or succeeded after one that did not. */
  readonly onHealth?: (health: ReconcileHealth) => void;
  readonly logger: Logger;
}

export interface ReconcileLoop {
  /** Resolves when the first snapshot is on its way to the proxies; rejects when the provider has none to give. */
  start(): Promise<void>;
  /** Proxies reported something. */
  observationsChanged(): void;
  readonly health: ReconcileHealth;
  /** Nothing is published from here on. The provider is its owner's to close. */
  stop(): void;
}

export function createReconcileLoop(options: ReconcileOptions): ReconcileLoop {
  const { provider, server, observe, translate, onReconciled, logger } = options;
  let snapshot: ResourceSnapshot | null = null;
  let inputFindings: readonly InputFinding[] = [];

  let last: Reconciled | null = null;
  const defects = new DefectLog(logger);

  const reconcile = (): void => {
    if (snapshot === null) return;
    const observations = observe();
    const before = last !== null && saySame(last.observations, observations) ? last : null;
    // Most acknowledgments say that a newer version is served, and change no status.
    const isKnown = before?.snapshot === snapshot;
    const result = isKnown ? before.result : translate(snapshot, observations);
    if (!isKnown) {
      server.publish(result.configs);
      provider.writeStatus(result.statuses);
    }
    defects.update(result.findings);
    last = { snapshot, inputFindings, observations, result, revision: server.revision };
    onReconciled(last);
  };
  let restUntilMs = 0;
  const guard = new RunGuard(options);
  const guarded = (): void => {
    const startedMs = performance.now();
    const retryMs = guard.run(reconcile);
    if (retryMs !== null) pending.request(retryMs);
    const nowMs = performance.now();
    restUntilMs = nowMs + Math.min((nowMs - startedMs) * REST_FACTOR, MAX_REST_MS);
  };
  const pending = coalesce(guarded);
  const request = (delayMs: number): void => {
    pending.request(Math.max(delayMs, restUntilMs - performance.now()));
  };
  return {
    start: () =>
      provider.start({
        onFindings(findings) {
          inputFindings = findings;
          request(0);
        },
        onSnapshot(next) {
          snapshot = next;
          request(0);
        },
      }),
    observationsChanged: () => {
      request(OBSERVATION_DELAY_MS);
    },
    get health() {
      return guard.health;
    },
    stop: () => {
      pending.stop();
    },
  };
}

/** Runs that throw: a defect of ours. What is served stays served, and the run is repeated even if nothing changes, later each time. */
class RunGuard {
  readonly #options: Pick<ReconcileOptions, 'logger' | 'onHealth'>;
  health = HEALTHY;

  constructor(options: Pick<ReconcileOptions, 'logger' | 'onHealth'>) {
    this.#options = options;
  }

  /** null, or in how many milliseconds to run again. */
  run(reconcile: () => void): number | null {
    try {
      reconcile();
      if (this.health.error !== null) this.#set(afterSuccess(this.health));
      return null;
    } catch (error) {
      const text = error instanceof Error ? error.stack : String(error);
      this.#options.logger.error('reconciling failed', { error: text });
      this.#set(afterFailure(this.health, error));
      return Math.min(RETRY_MS * 2 ** (this.health.consecutive - 1), MAX_RETRY_MS);
    }
  }

  #set(health: ReconcileHealth): void {
    this.health = health;
    this.#options.onHealth?.(health);
  }
}

/** Whether a translation with the one gives the same as with the other: of configurations the generation counts, not the version. */
const saySame = (a: Observations, b: Observations): boolean =>
  canonicalJson(withoutVersions(a)) === canonicalJson(withoutVersions(b));

const withoutVersions = ({ dataPlanes, ...rest }: Observations): object => ({
  ...rest,
  dataPlanes: dataPlanes.map(({ acknowledged, ...others }) => ({
    ...others,
    acknowledged: acknowledged === null ? null : { ...acknowledged, version: '' },
  })),
});
