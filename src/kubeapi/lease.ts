/**
 * Leader election by a coordination.k8s.io Lease. Only the leader writes status and infrastructure; every replica serves
 * configuration. Times as Kubernetes' own controllers have them: a lease of 15 s, renewed every 2 s.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import { ApiError, type KubeClient } from './client.ts';

export interface LeaseOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who we are: the pod's name. */
  readonly identity: string;
  /** Where other replicas reach this one while it leads: stands in the Lease, so that nobody needs to look for pods. */
  readonly address: string;
  readonly logger: Logger;
  /** Called on every change of who leads. */
  readonly onChange: (leadership: Leadership) => void;
  readonly times?: LeaseTimes;
}

export interface Leadership {
  readonly isLeader: boolean;
  /** The leader's address; null when none is known, or it is ourselves. */
  readonly leader: string | null;
}

export interface LeaseTimes {
  readonly leaseSeconds: number;
  readonly renewMs: number;
  /** A leader that could not renew for this long stands down before the lease runs out for others. */
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

const DEFAULT_TIMES: LeaseTimes = { leaseSeconds: 15, renewMs: 2_000, standDownMs: 10_000 };
const ADDRESS_ANNOTATION = 'gateway.sluice.dev/leader-address';

export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #abort = new AbortController();
  readonly #times: LeaseTimes;
  #leadership: Leadership = { isLeader: false, leader: null };
  #renewedAtMs = 0;
  /** When we last saw the record change: clocks of other machines are never compared with ours. */
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

  /** Gives the lease back, so that a successor need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#abort.abort();
    if (!this.isLeader) return;
    this.#set({ isLeader: false, leader: null });
    try {
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity === this.#options.identity) await this.#write(lease, '');
    } catch {
      // It runs out by itself.
    }
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) {
          this.#options.logger.warn('lease not renewed', { error: String(error) });
        }
        const sinceMs = performance.now() - this.#renewedAtMs;
        if (this.isLeader && sinceMs > this.#times.standDownMs) this.#set({ isLeader: false, leader: null });
      }
      await delay(this.#times.renewMs, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    const lease = await this.#read();
    const holder = lease?.spec?.holderIdentity ?? '';
    if (lease !== null && holder !== '' && holder !== this.#options.identity && !this.#hasRunOut(lease)) {
      this.#set({ isLeader: false, leader: lease.metadata.annotations?.[ADDRESS_ANNOTATION] ?? null });
      return;
    }
    const startedMs = performance.now();
    await this.#write(lease, this.#options.identity);
    // Signed off as of when it was asked for: a slow answer must not stretch the lease.
    this.#renewedAtMs = startedMs;
    if (!this.#abort.signal.aborted) this.#set({ isLeader: true, leader: null });
  }

  #hasRunOut(lease: Lease): boolean {
    const record = `${lease.spec?.holderIdentity ?? ''} ${lease.spec?.renewTime ?? ''}`;
    const nowMs = performance.now();
    if (record !== this.#seen.record) this.#seen = { record, atMs: nowMs };
    return nowMs - this.#seen.atMs > (lease.spec?.leaseDurationSeconds ?? this.#times.leaseSeconds) * 1000;
  }

  async #read(): Promise<Lease | null> {
    try {
      return (await this.#options.client.call({ method: 'GET', path: this.#path(true) })) as Lease;
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  async #write(before: Lease | null, holder: string): Promise<void> {
    const now = new Date().toISOString().replace(/Z$/, '000Z');
    const taken = before?.spec?.holderIdentity !== holder;
    const { namespace, name, address } = this.#options;
    await this.#options.client.call({
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
    this.#options.onChange(leadership);
  }
}
