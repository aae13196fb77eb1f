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
  readonly logger: Logger;
  /** Called on every change. */
  readonly onLeader: (isLeader: boolean) => void;
}

interface Lease {
  readonly metadata: { readonly resourceVersion?: string };
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseTransitions?: number;
    readonly renewTime?: string;
    readonly leaseDurationSeconds?: number;
  };
}

const LEASE_SECONDS = 15;
const RENEW_MS = 2_000;
/** A leader that could not renew for this long stands down before the lease runs out for others. */
const STAND_DOWN_MS = 10_000;

export class LeaderElection {
  readonly #options: LeaseOptions;
  readonly #abort = new AbortController();
  #leading = false;
  #renewedAtMs = 0;
  /** When we last saw the record change: clocks of other machines are never compared with ours. */
  #seen = { record: '', atMs: 0 };

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  get isLeader(): boolean {
    return this.#leading;
  }

  start(): void {
    void this.#run();
  }

  /** Gives the lease back, so that a successor need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#abort.abort();
    if (!this.#leading) return;
    this.#setLeading(false);
    await this.#write(await this.#read(), '').catch(() => undefined);
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#round();
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 409)) {
          this.#options.logger.warn('lease not renewed', { error: String(error) });
        }
        if (this.#leading && performance.now() - this.#renewedAtMs > STAND_DOWN_MS) this.#setLeading(false);
      }
      await delay(RENEW_MS, undefined, { signal: this.#abort.signal }).catch(() => undefined);
    }
  }

  async #round(): Promise<void> {
    const lease = await this.#read();
    const holder = lease?.spec?.holderIdentity ?? '';
    if (lease !== null && holder !== '' && holder !== this.#options.identity && !this.#hasRunOut(lease)) {
      this.#setLeading(false);
      return;
    }
    await this.#write(lease, this.#options.identity);
    this.#renewedAtMs = performance.now();
    this.#setLeading(true);
  }

  #hasRunOut(lease: Lease): boolean {
    const record = `${lease.spec?.holderIdentity ?? ''} ${lease.spec?.renewTime ?? ''}`;
    const nowMs = performance.now();
    if (record !== this.#seen.record) this.#seen = { record, atMs: nowMs };
    return nowMs - this.#seen.atMs > (lease.spec?.leaseDurationSeconds ?? LEASE_SECONDS) * 1000;
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
    const { namespace, name } = this.#options;
    await this.#options.client.call({
      method: before === null ? 'POST' : 'PUT',
      path: this.#path(before !== null),
      body: {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: {
          namespace,
          name,
          ...(before === null ? {} : { resourceVersion: before.metadata.resourceVersion }),
        },
        spec: {
          ...before?.spec,
          holderIdentity: holder,
          leaseDurationSeconds: LEASE_SECONDS,
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

  #setLeading(leading: boolean): void {
    if (leading === this.#leading) return;
    this.#leading = leading;
    this.#options.onLeader(leading);
  }
}
