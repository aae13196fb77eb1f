/** A rule in the form that exchanges use: everything is looked up and rendered in advance. */
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RequestPolicy } from '../../ir/policy.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { WeightedChoice } from '../upstream/weighted-choice.ts';
import type { FilterChain } from './http-filter.ts';
import type { RequestCounters } from './request-counters.ts';

/** State that the rules of one data plane share: the same object while it is equal. */
export interface CompiledGateway {
  readonly dataPlane: DataPlaneId;
  /** The Gateway in metrics and logs. */
  readonly origin: Origin;
  readonly settings: ProxySettings;
}

/** One member of a rule's weighted choice. */
export interface CompiledBackend {
  readonly origin: Origin;
  readonly counters: RequestCounters;
  /** null: the backendRef is invalid, and the response is `refusal`. */
  readonly cluster: UpstreamCluster | null;
  readonly refusal: ReasonCode;
  /** The backend's own, else the rule's. */
  readonly requests: RequestPolicy;
  /** Time limit of one attempt; 0 = none. */
  readonly attemptTimeoutMs: number;
  /** Run once this backend is selected. Does not include the rule's own filters, which run before. */
  readonly filters: FilterChain;
}

export interface CompiledRule {
  readonly config: RouteRule;
  readonly gateway: CompiledGateway;
  readonly listener: Origin;
  /** For exchanges without a backend. */
  readonly counters: RequestCounters;
  readonly backends: readonly CompiledBackend[];
  readonly choice: WeightedChoice;
  /** Run before a backend is chosen. */
  readonly filters: FilterChain;
  /** False when preflights are forwarded like any other OPTIONS request. */
  readonly answersPreflights: boolean;
  /** The reason of every response; null for a rule that forwards. */
  readonly refusal: ReasonCode | null;
}
