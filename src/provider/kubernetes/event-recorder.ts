/**
 * Events (events.k8s.io/v1) for problems that users must fix; `kubectl describe` shows them. One for each problem, regardless of how often it is
 * found and by which replica; at a bounded rate, because ten thousand broken routes must not keep the API server busy.
 */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { collectionPath, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import type { Logger } from '../../telemetry/logger.ts';

const EVENT: KindInfo = {
  kind: 'Event',
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  namespaced: true,
};

/** A problem of an object that its owner must fix. */
export interface Problem {
  /** As last seen. */
  readonly object: KubeObject;
  /** CamelCase, as reasons of conditions are. */
  readonly reason: string;
  readonly message: string;
}

export interface EventRecorderOptions {
  readonly client: KubeClient;
  readonly controllerName: string;
  /** This replica. */
  readonly instance: string;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly limits?: EventLimits;
}

export interface EventLimits {
  /** Burst of events, and rate per second. */
  readonly burst: number;
  readonly perSecond: number;
  /** Maximum number of waiting problems; newer ones are dropped, and found again with the next change of their object. */
  readonly waiting: number;
  /** A problem must last this long: objects are often applied one after the other. */
  readonly quietMs: number;
}

const DEFAULT_LIMITS: EventLimits = { burst: 25, perSecond: 5, waiting: 1_000, quietMs: 2_000 };
const NOTE_LIMIT = 1_024;
/** Kubernetes' own default: events live for an hour. */
const REMEMBERED_MS = 3_600_000;

interface Known {
  problem: Problem;
  sinceMs: number;
  /** null = to be written. */
  writtenAtMs: number | null;
  /** How often it was written. */
  times: number;
  isPresent: boolean;
}

export class EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #limits: EventLimits;
  readonly #known = new Map<string, Known>();
  readonly #abort = new AbortController();
  #isRunning = false;
  #tokens: number;
  #filledAtMs = performance.now();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#limits = options.limits ?? DEFAULT_LIMITS;
    this.#tokens = this.#limits.burst;
  }

  /** All current problems. New and recurring ones are written. */
  report(problems: readonly Problem[]): void {
    const nowMs = performance.now();
    const named = new Set<string>();
    for (const problem of problems) {
      const name = nameOf(problem);
      named.add(name);
      this.#note(name, problem, nowMs);
    }
    for (const [name, known] of this.#known) {
      known.isPresent = named.has(name);
      const isOver = known.times === 0 || nowMs - known.sinceMs > REMEMBERED_MS;
      if (!known.isPresent && isOver) this.#known.delete(name);
    }
    if (!this.#isRunning) void this.#run();
  }

  stop(): void {
    this.#abort.abort();
  }

  #note(name: string, problem: Problem, nowMs: number): void {
    const known = this.#known.get(name);
    if (known === undefined) {
      if (this.#waiting().length >= this.#limits.waiting) return;
      this.#known.set(name, { problem, sinceMs: nowMs, writtenAtMs: null, times: 0, isPresent: true });
      return;
    }
    known.problem = problem;
    if (known.isPresent) return;
    known.sinceMs = nowMs;
    known.writtenAtMs = null;
  }

  #waiting(): readonly (readonly [string, Known])[] {
    return [...this.#known].filter(([, { isPresent, writtenAtMs }]) => isPresent && writtenAtMs === null);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const { signal } = this.#abort;
    try {
      for (;;) {
        const next = this.#waiting()[0];
        if (next === undefined || signal.aborted) return;
        const [name, known] = next;
        const remainingMs = known.sinceMs + this.#limits.quietMs - performance.now();
        await delay(Math.max(remainingMs, this.#waitMs()), undefined, { signal });
        // The problem may be fixed meanwhile.
        if (!known.isPresent || this.#known.get(name) !== known) continue;
        this.#tokens -= 1;
        known.writtenAtMs = performance.now();
        known.times += 1;
        await this.#write(name, known);
      }
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn('events not written', { error: String(error) });
    } finally {
      this.#isRunning = false;
    }
  }

  /** Until the next event may be written. */
  #waitMs(): number {
    const nowMs = performance.now();
    const { burst, perSecond } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#filledAtMs) / 1000) * perSecond);
    this.#filledAtMs = nowMs;
    return this.#tokens >= 1 ? 0 : ((1 - this.#tokens) / perSecond) * 1000;
  }

  async #write(name: string, { problem, times }: Known): Promise<void> {
    const { object, reason, message } = problem;
    const { client, controllerName, instance, logger, now } = this.#options;
    // Events of cluster-scoped objects live in the default namespace.
    const namespace = object.metadata.namespace ?? 'default';
    const eventTime = now().toISOString().replace(/Z$/, '000Z');
    try {
      await client.call({
        method: 'POST',
        path: collectionPath(EVENT, namespace),
        body: {
          apiVersion: 'events.k8s.io/v1',
          kind: 'Event',
          metadata: { namespace, name },
          eventTime,
          reportingController: controllerName,
          reportingInstance: instance,
          action: 'Reconcile',
          reason,
          regarding: {
            apiVersion: object.apiVersion,
            kind: object.kind,
            namespace: object.metadata.namespace ?? '',
            name: object.metadata.name,
            uid: object.metadata.uid ?? '',
          },
          note: message.length > NOTE_LIMIT ? `${message.slice(0, NOTE_LIMIT - 1)}…` : message,
          type: 'Warning',
        },
      });
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) {
        await this.#again(name, { namespace, count: Math.max(2, times), lastObservedTime: eventTime });
      } else logger.warn('event not written', { reason, error: String(error) });
    }
  }

  /** The same problem was reported before, by this replica or another. */
  async #again(
    name: string,
    seen: { readonly namespace: string; readonly count: number; readonly lastObservedTime: string },
  ): Promise<void> {
    const { client, logger } = this.#options;
    const { namespace, ...series } = seen;
    try {
      await client.call({
        method: 'PATCH',
        path: objectPath(EVENT, namespace, name),
        contentType: 'application/merge-patch+json',
        body: { series },
      });
    } catch (error) {
      logger.warn('event not counted', { name, error: String(error) });
    }
  }
}

/** The same problem of the same object has the same name, regardless of the reporting replica: a second one cannot be created. */
function nameOf({ object, reason, message }: Problem): string {
  const { namespace = '', name, uid = '' } = object.metadata;
  const identity = [object.kind, namespace, name, uid, reason, message].join('\n');
  const digest = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  return `${name.slice(0, 200)}.${digest}`;
}
