/** A rule as the exchange uses it: everything that can be looked up or rendered beforehand is. */
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RequestPolicy } from '../../ir/policy.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { ExternalAuthFilter, HeaderEdit } from '../../ir/filter.ts';
import type { CompiledCors } from '../filter/cors.ts';
import type { MirrorShare } from '../filter/mirror-share.ts';
import type { BackendFilters, RuleFilters } from '../filter/order.ts';
import type { RequestCounters } from '../exchange/request-counters.ts';
import type { WeightedChoice } from '../upstream/weighted-choice.ts';

/** What the rules of one Gateway share: the same object for as long as it says the same. */
export interface CompiledGateway {
  readonly origin: Origin;
  readonly settings: ProxySettings;
}

/** One member of a rule's weighted choice. */
export interface CompiledBackend {
  readonly origin: Origin;
  readonly counters: RequestCounters;
  /** null: the backendRef is invalid and answers with `refusal`. */
  readonly cluster: UpstreamCluster | null;
  readonly refusal: ReasonCode;
  /** The backend's own, else the rule's. */
  readonly requests: RequestPolicy;
  /** Of one try; 0 = none. */
  readonly tryTimeoutMs: number;
  readonly filters: BackendFilters;
  /** What `filters.requestEdits` was compiled from, in order. */
  readonly requestEditSources: readonly HeaderEdit[];
  readonly mirrors: readonly CompiledMirror[];
  readonly auth: CompiledAuth | null;
}

/** Whom to ask about a request. `cluster`: null where the filter names none that is configured. */
export interface CompiledAuth {
  readonly filter: ExternalAuthFilter;
  readonly cluster: UpstreamCluster | null;
}

export interface CompiledMirror {
  readonly share: MirrorShare;
  readonly cluster: UpstreamCluster;
}

export interface CompiledRule {
  readonly config: RouteRule;
  readonly gateway: CompiledGateway;
  readonly listener: Origin;
  /** For exchanges that come to no backend. */
  readonly counters: RequestCounters;
  readonly backends: readonly CompiledBackend[];
  readonly choice: WeightedChoice;
  readonly filters: RuleFilters;
  readonly auth: CompiledAuth | null;
  /** Answers preflights; null when they go on as the OPTIONS requests that they are. */
  readonly preflight: CompiledCors | null;
  /** The reason that every request is answered with; null for a rule that forwards. */
  readonly refusal: ReasonCode | null;
}
