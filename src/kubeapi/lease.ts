/**
 * Leader election by a coordination.k8s.io Lease. Only the leader writes status and infrastructure; every replica serves
 * configuration. Times as Kubernetes' own controllers have them: a lease of 15 s, renewed every 2 s, and a renew deadline of 10 s. A
 * separate timer makes a leader step down at that deadline, regardless of its requests: two replicas never lead at once.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError, type KubeClient } from './client.ts';

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Identity of this replica: the name of its pod. */
  readonly identity: string;
  /** Address at which other replicas reach this one while it leads. It is in the Lease, so that followers need not list pods. */
  readonly address: string;
  readonly logger: Logger;
  /** Called on every change of who leads. */
  readonly onChange: (leadership: Leadership) => void;
  readonly times?: LeaseTimes;
}

export interface Leadership {
  readonly isLeader: boolean;
  /** The leader's address; null if it is not known, or this replica leads. */
  readonly leader: string | null;
}

export interface LeaseTimes {
  readonly leaseSeconds: number;
  readonly renewMs: number;
  /** Deadline of a renewal, counted from the last one: then a leader steps down, before its lease expires for others. */
  readonly standDownMs: number;
}

interface Lease {
  readonly metadata: {
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseTransitions?: number;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

export const DEFAULT_TIMES: LeaseTimes = { leaseSeconds: 15, renewMs: 2_000, standDownMs: 10_000 };
/** Maximum time that a stopping controller waits for the release of its lease. */
const RELEASE_MS = 5_000;
const ADDRESS_ANNOTATION = 'gateway.sluice.dev/leader-address';

export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #abort = new AbortController();
  readonly #times: LeaseTimes;
  #leadership: Leadership = { isLeader: false, leader: null };
  /** Aborts the requests in flight. */
  #round: AbortController | null = null;
  #expiry: NodeJS.Timeout | null = null;
  /** When this replica last saw the record change; it never compares clocks of other machines with its own. */
  #seen = { record: '', atMs: 0 };

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#times = options.times ?? DEFAULT_TIMES;
  }

  get isLeader(): boolean {
    return this.#leadership.isLeader;
  }

  start(): void {
    void this.#run();
  }

  /** Releases the lease, so that a successor need not wait until it expires. */
  async stop(): Promise<void> {
    this.#abort.abort();
    this.#round?.abort();
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    if (!this.isLeader) return;
    this.#set({ isLeader: false, leader: null });
    const signal = AbortSignal.timeout(RELEASE_MS);
    try {
      const lease = await this.#read(signal);
      if (lease?.spec?.holderIdentity === this.#options.identity) await this.#write(lease, '', signal);
    } catch {
      // The lease expires.
    }
  }

  #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped()) {
      const round = new AbortController();
      this.#round = round;
      const deadline = setTimeout(() => {
        round.abort(new Error(`no answer within ${String(this.#times.standDownMs)} ms`));
      }, this.#times.standDownMs);
      try {
        await this.#renewOrFollow(round.signal);
      } catch (error) {
        if (this.#isStopped()) return;
        if (!(error instanceof ApiError && error.status === 409)) {
          const cause: unknown = round.signal.aborted ? round.signal.reason : error;
          this.#options.logger.warn('lease not renewed', { error: String(cause) });
        }
      } finally {
        clearTimeout(deadline);
      }
      await delay(this.#times.renewMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #renewOrFollow(signal: AbortSignal): Promise<void> {
    const lease = await this.#read(signal);
    const holder = lease?.spec?.holderIdentity ?? '';
    if (lease !== null && holder !== '' && holder !== this.#options.identity && !this.#hasRunOut(lease)) {
      this.#set({ isLeader: false, leader: lease.metadata.annotations?.[ADDRESS_ANNOTATION] ?? null });
      return;
    }
    const startedMs = performance.now();
    await this.#write(lease, this.#options.identity, signal);
    if (!this.#isStopped()) this.#renewed(startedMs);
  }

  /** `startedMs`: when the renewal was requested; a slow response must not extend the lease. */
  #renewed(startedMs: number): void {
    const leftMs = startedMs + this.#times.standDownMs - performance.now();
    if (leftMs <= 0) return;
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = setTimeout(() => {
      this.#stepDown();
    }, leftMs);
    this.#set({ isLeader: true, leader: null });
  }

  #stepDown(): void {
    this.#options.logger.warn('lease not renewed in time, stepping down', {
      identity: this.#options.identity,
    });
    this.#set({ isLeader: false, leader: null });
    this.#round?.abort(new Error('the deadline of the renewal has passed'));
  }

  #hasRunOut(lease: Lease): boolean {
    const record = `${lease.spec?.holderIdentity ?? ''} ${lease.spec?.renewTime ?? ''}`;
    const nowMs = performance.now();
    if (record !== this.#seen.record) this.#seen = { record, atMs: nowMs };
    return nowMs - this.#seen.atMs > (lease.spec?.leaseDurationSeconds ?? this.#times.leaseSeconds) * 1000;
  }

  async #read(signal: AbortSignal): Promise<Lease | null> {
    try {
      return (await this.#options.client.call({ method: 'GET', path: this.#path(true), signal })) as Lease;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async #write(before: Lease | null, holder: string, signal: AbortSignal): Promise<void> {
    const now = new Date().toISOString().replace(/Z$/, '000Z');
    const taken = before?.spec?.holderIdentity !== holder;
    const { namespace, name, address } = this.#options;
    await this.#options.client.call({
      signal,
      method: before === null ? 'POST' : 'PUT',
      path: this.#path(before !== null),
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          namespace,
          name,
          annotations: { ...before?.metadata.annotations, [ADDRESS_ANNOTATION]: address },
          ...(before === null ? {} : { resourceVersion: before.metadata.resourceVersion }),
        },
        spec: {
          ...before?.spec,
          holderIdentity: holder,
          leaseDurationSeconds: this.#times.leaseSeconds,
          renewTime: now,
          leaseTransitions: (before?.spec?.leaseTransitions ?? 0) + (taken ? 1 : 0),
          ...(taken ? { acquireTime: now } : {}),
        },
      },
    });
  }

  #path(withName: boolean): string {
    const { namespace, name } = this.#options;
    return `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${withName ? `/${name}` : ''}`;
  }

  #set(leadership: Leadership): void {
    const { isLeader, leader } = this.#leadership;
    if (leadership.isLeader === isLeader && leadership.leader === leader) return;
    this.#leadership = leadership;
    if (!leadership.isLeader && this.#expiry !== null) clearTimeout(this.#expiry);
    this.#options.onChange(leadership);
  }
}
