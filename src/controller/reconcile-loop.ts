/**
 * The control loop: whenever resources or observations change, it translates, publishes differences, and passes on statuses.
 * Level-triggered: a run uses the current state, and any number of changes before it cost one run.
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

/** Acknowledgments of several proxies arrive in bursts; one translation is enough for them. */
const OBSERVATION_DELAY_MS = 10;
/**
 * After a long run, pause equally long: while thousands of objects are applied one by one, each run includes many of
 * them. A single change at idle does not wait.
 */
const REST_FACTOR = 1;
const MAX_REST_MS = 250;
const RETRY_MS = 500;
const MAX_RETRY_MS = 30_000;

/** The results of a run. */
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
  /** A run failed, or succeeded after a failed one. */
  readonly onHealth?: (health: ReconcileHealth) => void;
  readonly logger: Logger;
}

export interface ReconcileLoop {
  /** Resolves when the first snapshot has been published; rejects if the provider cannot get one. */
  start(): Promise<void>;
  /** Proxies reported something. */
  observationsChanged(): void;
  readonly health: ReconcileHealth;
  /** Stops publishing. The owner of the provider closes it. */
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
    // Most acknowledgments report a newer version and change no status.
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

/** Handles a run that throws: a bug in Sluice. The configuration stays, and the run is repeated with increasing delay, even without changes. */
class RunGuard {
  readonly #options: Pick<ReconcileOptions, 'logger' | 'onHealth'>;
  health = HEALTHY;

  constructor(options: Pick<ReconcileOptions, 'logger' | 'onHealth'>) {
    this.#options = options;
  }

  /** null, or the delay in milliseconds until the next run. */
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

/** Whether both give the same translation: for configurations, only the generation matters, not the version. */
const saySame = (a: Observations, b: Observations): boolean =>
  canonicalJson(withoutVersions(a)) === canonicalJson(withoutVersions(b));

const withoutVersions = ({ dataPlanes, ...rest }: Observations): object => ({
  ...rest,
  dataPlanes: dataPlanes.map(({ acknowledged, ...others }) => ({
    ...others,
    acknowledged: acknowledged === null ? null : { ...acknowledged, version: '' },
  })),
});
