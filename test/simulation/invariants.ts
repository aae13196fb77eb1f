/** Invariants of every attempt and refusal, checked against the simulated network instead of the cluster's own state. */
import type { UpstreamCluster } from '../../src/proxy/upstream/cluster.ts';
import type { UpstreamEndpoint } from '../../src/proxy/upstream/endpoint.ts';
import { TICK_MS } from '../../src/proxy/net/timer-wheel.ts';
import type { Backend } from './network.ts';

/** Endpoints that may be tried now: see the order of truth in docs/reference and in health/eligibility.ts. */
function allowed(cluster: UpstreamCluster): readonly UpstreamEndpoint[] {
  const known = [...cluster.endpoints].filter(({ health }) => health.check?.verdict !== 'pending');
  const ready = known.filter(({ state }) => state === 'ready');
  const serving = ready.length > 0 ? ready : known;
  const passing = serving.filter(({ health }) => health.check?.verdict !== 'failing');
  const good = passing.filter(({ health }) => (health.outlier?.cause ?? null) === null);
  const { panicThresholdPercent } = cluster.config.policy;
  if (good.length < (serving.length * panicThresholdPercent) / 100) return serving;
  return good.length > 0 ? good : passing;
}

/** null = fine. */
export function checkAttempt(cluster: UpstreamCluster, endpoint: UpstreamEndpoint): string | null {
  if (allowed(cluster).includes(endpoint)) return null;
  const { check, outlier } = endpoint.health;
  const why = `check ${check?.verdict ?? 'none'}, ejected for ${outlier?.cause ?? 'nothing'}, ${endpoint.state}`;
  return `${endpoint.name} (${why}) was tried while others were better`;
}

export function checkRefusal(cluster: UpstreamCluster): string | null {
  const left = allowed(cluster).map(({ name }) => name);
  return left.length === 0 ? null : `a request was refused though it could have gone to ${left.join(', ')}`;
}

/**
 * Bounds the retries of the last interval from what was seen from outside: decisions are up to one backoff older than the attempts, and
 * windows slide in slices, so the bound is loose; with 0 percent and no least rate it is exact.
 */
export class BudgetWatch {
  readonly #requests: number[] = [];
  readonly #retries: number[] = [];

  countRequest(nowMs: number): void {
    this.#requests.push(nowMs);
  }

  checkRetry({ config }: UpstreamCluster, nowMs: number): string | null {
    const { retryBudget } = config.policy;
    if (retryBudget === null) return null;
    const { percent, intervalMs, minRetryCount, minRetryIntervalMs } = retryBudget;
    this.#retries.push(nowMs);
    const since = (times: readonly number[], ms: number): number =>
      times.filter((timeMs) => timeMs > nowMs - ms).length;
    const share = (2 * percent * since(this.#requests, 3 * intervalMs)) / 100;
    const least = minRetryCount * (Math.ceil(intervalMs / minRetryIntervalMs) + 2);
    const made = since(this.#retries, intervalMs);
    return made <= share + least
      ? null
      : `${made} retries in ${intervalMs} ms, of a budget of ${share + least}`;
  }
}

/** A verdict must follow what checks find, in the time that the policy gives it. `steadySinceMs`: nothing else has changed since. */
export function checkHealth(
  { config }: UpstreamCluster,
  { name, health }: UpstreamEndpoint,
  backend: Backend,
  times: { readonly steadySinceMs: number; readonly nowMs: number },
): string | null {
  const policy = config.policy.activeCheck;
  const { check } = health;
  if (policy === null || check === null) return null;
  const needed = backend.passesChecks ? policy.healthyThreshold : policy.unhealthyThreshold;
  const periodMs =
    Math.max(policy.intervalMs * (1 + policy.jitterPercent / 100), policy.timeoutMs) + 2 * TICK_MS;
  const sinceMs = Math.max(times.steadySinceMs, backend.checkedAlikeSinceMs);
  // One check may be in flight with the old answer.
  if (times.nowMs - sinceMs <= (needed + 1) * periodMs + policy.timeoutMs + 2 * TICK_MS) return null;
  const isRight = backend.passesChecks ? check.verdict === 'passing' : check.verdict !== 'passing';
  if (isRight) return null;
  const found = backend.passesChecks ? 'passed' : 'failed';
  return `${name} is ${check.verdict} though all its checks have ${found} for ${times.nowMs - sinceMs} ms`;
}
