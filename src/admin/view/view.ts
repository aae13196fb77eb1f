/**
 * The read model of a control plane: what it serves, since when, what is wrong, and what changed. The owner of the control loop feeds
 * it, the admin API reads it.
 */
import { randomBytes } from 'node:crypto';
import type { Reconciled } from '../../controller/reconcile-loop.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import { diffByIdentity, type ListDiff } from '../../lib/list-diff.ts';
import { reuseIfEqual, reuseIfSameItems } from '../../lib/reuse.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import type { ProxyStats } from '../../proxy/proxy-api.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { RulePolicies } from '../../translator/types.ts';
import type { ChangeItem, SummaryItem } from '../api/resources.ts';
import { keepHealth, mergeHealth, type HealthByBackend } from '../backend-health.ts';
import { ServedSince, type ServedObject } from '../served-since.ts';
import type { StatusReport } from '../status-report.ts';
import { affectedCollections, NO_CHANGE, type ChangedInputs } from './affected.ts';
import { ChangeLog, changedObjects, changedStatuses, MAX_OBJECTS, type ChangedObject } from './changes.ts';
import type { DataPlaneProxies, ViewInput } from './inputs.ts';
import { ViewLists } from './lists.ts';
import { conditionsOf, objectId, type ServedSinceOf } from './objects.ts';
import type { ProcessReport } from './status.ts';

export interface ViewOptions {
  /** The state of the process. */
  readonly process: () => ProcessReport;
  /** Counters of proxies; null if they do not report here. */
  readonly stats: (() => Promise<readonly ProxyStats[]>) | null;
  /** Where an object was read. */
  readonly locate: LoadedResources['locate'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
}

/** What a change is about. */
interface ChangeDetails {
  readonly objects: readonly ChangedObject[];
  /** Whether proxies get a new configuration. */
  readonly isPublished: boolean;
  /** RFC 3339: when every proxy served that configuration; null when there is none, or not yet. */
  readonly servedAt: string | null;
}

const MINUTE_MS = 60_000;
const NOTHING: readonly never[] = [];
const NO_POLICIES: RulePolicies = new Map();
const NEVER_SERVED: ServedSinceOf = () => null;
const NO_OBJECTS: ChangeDetails = { objects: NOTHING, isPublished: false, servedAt: null };

export class GatewayView {
  /** Distinguishes the revisions of this process from those of another one. */
  readonly instance = randomBytes(4).toString('hex');
  readonly #options: ViewOptions;
  readonly #servedSince = new ServedSince();
  readonly #log = new ChangeLog();
  readonly #listeners = new Set<(change: ChangeItem) => void>();
  /** All lists, computed on first read. */
  readonly lists: ViewLists;
  #revision = 0;
  #reconciled: Reconciled | null = null;
  #statuses: readonly StatusUpdate[] = NOTHING;
  #findings: Reconciled['result']['findings'] = NOTHING;
  #proxies: readonly DataPlaneProxies[] = NOTHING;
  #health: HealthByBackend | null = null;
  /** A new function whenever the time since which any object is served changes. */
  #servedAt: ServedSinceOf = NEVER_SERVED;
  /** Expiring certificates are checked once a minute. */
  #minuteMs: number;
  #process = '';
  #refreshing: Promise<void> | null = null;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#minuteMs = this.#currentMinuteMs();
    this.lists = new ViewLists(options.locate, () => ({
      snapshot: this.#reconciled?.snapshot ?? null,
      result: this.#reconciled?.result ?? null,
      inputFindings: this.#reconciled?.inputFindings ?? NOTHING,
      observations: this.#reconciled?.observations ?? null,
      statuses: this.#statuses,
      findings: this.#findings,
      proxies: this.#proxies,
      health: this.#health,
      servedSince: this.#servedAt,
      minuteMs: this.#minuteMs,
    }));
  }

  // --- inputs ---

  /** Called after every run of the control loop. A defect of the view does not affect the control loop. */
  update(input: ViewInput): void {
    try {
      this.#update(input);
    } catch (error) {
      const text = error instanceof Error ? error.stack : String(error);
      this.#options.logger.error('updating the admin view failed', { error: text });
    }
  }

  #update({ reconciled, proxies: reported, isServedByAll }: ViewInput): void {
    const before = this.#reconciled;
    const { snapshot, result } = reconciled;
    const statuses = reuseIfSameItems(this.#statuses, result.statuses);
    const statusDiff = diffByIdentity(this.#statuses, statuses);
    const findings = reuseIfSameItems(this.#findings, result.findings);
    const proxies = reuseIfEqual(this.#proxies, reported);
    const objects = changedObjects(before?.snapshot ?? null, snapshot);
    const isPublished = before?.result.configs !== result.configs;
    const servedAt = isServedByAll ? this.#timestamp() : null;
    const inputs = {
      ...NO_CHANGE,
      objects: objects.length > 0,
      statuses: statuses !== this.#statuses,
      configs: isPublished,
      findings: findings !== this.#findings || before?.inputFindings !== reconciled.inputFindings,
      observations: before?.observations !== reconciled.observations && proxies !== this.#proxies,
      proxies: proxies !== this.#proxies,
      served: this.#updateServed(statusDiff, reconciled, isServedByAll),
      changes: servedAt !== null && this.#log.servedAll(servedAt),
    };
    this.#reconciled = reconciled;
    this.#statuses = statuses;
    this.#findings = findings;
    this.#proxies = proxies;
    this.#changed(inputs, {
      objects: [...objects, ...changedStatuses(statusDiff, objects)],
      isPublished,
      servedAt: isPublished ? servedAt : null,
    });
  }

  /** Whether any object is served now that was not before. */
  #updateServed(
    { removed, added }: ListDiff<StatusUpdate>,
    { revision }: Reconciled,
    isServedByAll: boolean,
  ): boolean {
    const isChanged = removed.length + added.length > 0;
    if (isChanged) {
      this.#servedSince.published({ removed: servedObjects(removed), added: servedObjects(added) }, revision);
    }
    const isNewlyServed = isServedByAll && this.#servedSince.serving(revision, this.#options.now());
    if (isChanged || isNewlyServed) this.#servedAt = (id) => this.#servedSince.of(id);
    return isNewlyServed;
  }

  /** Polls what is not reported: the health of endpoints, the state of the process, and time. Concurrent calls share one run. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #refresh(): Promise<void> {
    const { stats, now, process } = this.#options;
    const workers = stats === null ? null : await stats();
    const health = workers === null ? null : keepHealth(this.#health, mergeHealth(workers, now()));
    const isHealthSame = health === this.#health;
    this.#health = health;
    const { version, startedAt, ready, notReady } = process();
    const state = JSON.stringify([version, startedAt, ready, notReady]);
    const isProcessSame = state === this.#process;
    this.#process = state;
    const isExpirySame = this.#tick();
    this.#changed(
      { ...NO_CHANGE, health: !isHealthSame, process: !isProcessSame, findings: !isExpirySame },
      NO_OBJECTS,
    );
  }

  /** Whether the findings are the same as in the minute before. */
  #tick(): boolean {
    const minuteMs = this.#currentMinuteMs();
    if (minuteMs === this.#minuteMs) return true;
    const before = JSON.stringify(this.lists.findings);
    this.#minuteMs = minuteMs;
    return JSON.stringify(this.lists.findings) === before;
  }

  #changed(inputs: ChangedInputs, { objects, isPublished, servedAt }: ChangeDetails): void {
    const collections = affectedCollections(inputs);
    if (collections === null) return;
    this.#revision += 1;
    const change = this.#log.add(
      {
        revision: this.#revision,
        at: this.#timestamp(),
        collections,
        objects: objects.slice(0, MAX_OBJECTS),
        moreObjects: Math.max(0, objects.length - MAX_OBJECTS),
        servedAt,
      },
      isPublished,
    );
    for (const listener of this.#listeners) listener(change);
  }

  // --- reads ---

  get revision(): number {
    return this.#revision;
  }

  /** Called with every change until the returned function is. */
  subscribe(listener: (change: ChangeItem) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Oldest first; null when some of them are no longer known. */
  changesAfter(revision: number): readonly ChangeItem[] | null {
    return revision > this.#revision ? null : this.#log.after(revision);
  }

  get health(): HealthByBackend {
    return this.#health ?? new Map();
  }

  /** Where the settings of a data plane's rules come from. */
  policiesOf(dataPlane: DataPlaneId): RulePolicies {
    const { configs = [], policies = [] } = this.#reconciled?.result ?? {};
    const index = configs.findIndex((config) => config.dataPlane === dataPlane);
    return policies[index] ?? NO_POLICIES;
  }

  get summary(): SummaryItem {
    return this.lists.summary(this.#options.process());
  }

  get status(): StatusReport {
    return this.lists.statusReport(this.#options.process());
  }

  /** Newest first. */
  get changes(): readonly ChangeItem[] {
    return this.#log.newestFirst;
  }

  #currentMinuteMs(): number {
    return Math.floor(this.#options.now() / MINUTE_MS) * MINUTE_MS;
  }

  #timestamp(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

/** Objects that the translator accepts. Proxies determine since when they are served. */
const servedObjects = (updates: readonly StatusUpdate[]): readonly ServedObject[] =>
  updates
    .filter((update) =>
      conditionsOf(update).some(({ type, status }) => type === 'Accepted' && status === 'True'),
    )
    .map(({ object, generation }) => ({ key: objectId(object), generation }));
