/** All lists of the view. A list is computed when it is read, and again only after its inputs have changed. */
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { compareText } from '../../lib/compare.ts';
import { memoizeLast } from '../../lib/memoize-last.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import type { Observations } from '../../translator/observations.ts';
import type { TranslateResult } from '../../translator/types.ts';
import type {
  AttachmentItem,
  BackendItem,
  CertificateItem,
  FindingItem,
  GatewayItem,
  ListenerItem,
  ObjectItem,
  PolicyItem,
  ProxyItem,
  RouteItem,
  SummaryItem,
} from '../api/resources.ts';
import type { HealthByBackend } from '../backend-health.ts';
import { commandFindings } from '../findings/command-findings.ts';
import { collectProblems, type Problem } from '../findings/problem.ts';
import type { StatusReport } from '../status-report.ts';
import { backendItems } from './backends.ts';
import { certificateItems } from './certificates.ts';
import { publishedRoutes, type PublishedRoute } from './data-plane.ts';
import { findingItems } from './findings.ts';
import { gatewayItems, listenersByObject, type GatewayInputs, type ListenersByObject } from './gateways.ts';
import type { DataPlaneProxies } from './inputs.ts';
import { objectItem, type ServedSinceOf } from './objects.ts';
import { policyItems, type PolicyInputs } from './policies.ts';
import { proxyItems } from './proxies.ts';
import { attachmentItems, routeItems, type AttachmentInputs, type RouteInputs } from './routes.ts';
import { statusReport, type ProcessReport } from './status.ts';
import { summaryItem } from './summary.ts';

/** The inputs of lists. Equal inputs are the same object. */
export interface ListInputs {
  /** The first four are null before the first run of the control loop. */
  readonly snapshot: ResourceSnapshot | null;
  readonly result: TranslateResult | null;
  readonly observations: Observations | null;
  readonly inputFindings: readonly InputFinding[];
  /** Of `result`. */
  readonly statuses: readonly StatusUpdate[];
  /** Of `result`. */
  readonly findings: readonly Finding[];
  readonly proxies: readonly DataPlaneProxies[];
  readonly health: HealthByBackend | null;
  readonly servedSince: ServedSinceOf;
  /** Milliseconds since the epoch, whole minutes. */
  readonly minuteMs: number;
}

interface Configs {
  readonly configs: readonly GatewayConfig[];
}

interface ProblemInputs extends Pick<ListInputs, 'inputFindings' | 'findings' | 'minuteMs'> {
  readonly snapshot: ResourceSnapshot;
}

const NONE: readonly never[] = [];
const NO_LISTENERS: ListenersByObject = new Map();

const sorted = <Item extends { readonly id: string }>(items: readonly Item[]): readonly Item[] =>
  items.toSorted((a, b) => compareText(a.id, b.id));

export class ViewLists {
  readonly #locate: LoadedResources['locate'];
  readonly #inputs: () => ListInputs;

  constructor(locate: LoadedResources['locate'], inputs: () => ListInputs) {
    this.#locate = locate;
    this.#inputs = inputs;
  }

  get #configs(): readonly GatewayConfig[] {
    return this.#inputs().result?.configs ?? NONE;
  }

  /** Routes as data planes get them, by id. */
  get published(): ReadonlyMap<string, PublishedRoute> {
    return this.#publishedFrom({ configs: this.#configs });
  }
  readonly #publishedFrom = memoizeLast(({ configs }: Configs) => publishedRoutes(configs));

  get #listenersByObject(): ListenersByObject {
    const { snapshot, statuses, proxies } = this.#inputs();
    if (snapshot === null) return NO_LISTENERS;
    return this.#listenersFrom({ statuses, snapshot, configs: this.#configs, proxies });
  }
  readonly #listenersFrom = memoizeLast(listenersByObject);

  get listeners(): readonly ListenerItem[] {
    return this.#allListeners({ listeners: this.#listenersByObject });
  }
  readonly #allListeners = memoizeLast(({ listeners }: { readonly listeners: ListenersByObject }) =>
    sorted([...listeners.values()].flat()),
  );

  get gateways(): readonly GatewayItem[] {
    const { snapshot, observations, statuses, servedSince } = this.#inputs();
    if (snapshot === null || observations === null) return NONE;
    const listeners = this.#listenersByObject;
    const configs = this.#configs;
    return this.#gatewaysFrom({ statuses, snapshot, configs, observations, listeners, servedSince });
  }
  readonly #gatewaysFrom = memoizeLast((inputs: GatewayInputs) => sorted(gatewayItems(inputs)));

  get routes(): readonly RouteItem[] {
    const { snapshot, statuses, servedSince } = this.#inputs();
    if (snapshot === null) return NONE;
    return this.#routesFrom({ statuses, snapshot, published: this.published, servedSince });
  }
  readonly #routesFrom = memoizeLast((inputs: RouteInputs) => sorted(routeItems(inputs)));

  get attachments(): readonly AttachmentItem[] {
    const { snapshot, statuses } = this.#inputs();
    if (snapshot === null) return NONE;
    return this.#attachmentsFrom({ statuses, snapshot, published: this.published });
  }
  readonly #attachmentsFrom = memoizeLast((inputs: AttachmentInputs) => sorted(attachmentItems(inputs)));

  get policies(): readonly PolicyItem[] {
    const { snapshot, result, statuses, servedSince } = this.#inputs();
    if (snapshot === null || result === null) return NONE;
    return this.#policiesFrom({ statuses, snapshot, result, servedSince });
  }
  readonly #policiesFrom = memoizeLast((inputs: PolicyInputs) => sorted(policyItems(inputs)));

  get objects(): readonly ObjectItem[] {
    const { statuses, servedSince } = this.#inputs();
    return this.#objectsFrom({ statuses, servedSince });
  }
  readonly #objectsFrom = memoizeLast(
    ({ statuses, servedSince }: Pick<ListInputs, 'statuses' | 'servedSince'>) =>
      sorted(statuses.map((update) => objectItem(update, servedSince))),
  );

  get findings(): readonly FindingItem[] {
    return this.#findingsFrom({ problems: this.#problems });
  }
  readonly #findingsFrom = memoizeLast(({ problems }: { readonly problems: readonly Problem[] }) =>
    sorted(findingItems(problems)),
  );

  /** In the order of the files. */
  get #problems(): readonly Problem[] {
    const { snapshot, inputFindings, findings, minuteMs } = this.#inputs();
    if (snapshot === null) return NONE;
    return this.#problemsFrom({ snapshot, inputFindings, findings, minuteMs });
  }
  readonly #problemsFrom = memoizeLast(({ snapshot, inputFindings, findings, minuteMs }: ProblemInputs) => {
    const locate = this.#locate;
    const ofCommands = commandFindings({ snapshot, locate }, findings, minuteMs);
    return collectProblems({ snapshot, findings: inputFindings, locate }, findings, ofCommands);
  });

  get backends(): readonly BackendItem[] {
    return this.#backendsFrom({ configs: this.#configs, health: this.#inputs().health });
  }
  readonly #backendsFrom = memoizeLast(({ configs, health }: Configs & Pick<ListInputs, 'health'>) =>
    sorted(backendItems(configs, health)),
  );

  get proxies(): readonly ProxyItem[] {
    return this.#proxiesFrom({ configs: this.#configs, proxies: this.#inputs().proxies });
  }
  readonly #proxiesFrom = memoizeLast(({ configs, proxies }: Configs & Pick<ListInputs, 'proxies'>) =>
    sorted(proxyItems(proxies, configs)),
  );

  get certificates(): readonly CertificateItem[] {
    return this.#certificatesFrom({ configs: this.#configs });
  }
  readonly #certificatesFrom = memoizeLast(({ configs }: Configs) => sorted(certificateItems(configs)));

  summary({ version, startedAt, notReady }: ProcessReport): SummaryItem {
    const { gateways, listeners, routes, attachments, proxies, backends, certificates, findings } = this;
    return summaryItem({
      ...{ version, startedAt, notReady },
      ...{ gateways, listeners, attachments, proxies, backends, certificates, findings },
      routes: routes.length,
      nowMs: this.#inputs().minuteMs,
    });
  }

  statusReport(about: ProcessReport): StatusReport {
    const { statuses, snapshot, servedSince } = this.#inputs();
    return statusReport(about, {
      statuses,
      snapshot,
      gateways: new Map(this.gateways.map((gateway) => [gateway.id, gateway])),
      listeners: this.#listenersByObject,
      findings: this.#problems,
      servedSince,
    });
  }
}
