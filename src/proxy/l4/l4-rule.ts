/** A TCPRoute, TLSRoute or UDPRoute rule in the form that connections and flows use. */
import type { Cluster } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { L4Rule } from '../../ir/listener.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import { hashText } from '../upstream/balancer/hash.ts';
import { ConnectionFilters } from '../net/connection-filter.ts';
import type { OutcomeSink } from '../upstream/health/outcome.ts';
import type { Dial } from '../upstream/upstream-pool.ts';
import { WeightedChoice } from '../upstream/weighted-choice.ts';
import type { StreamCounterRegistry, StreamCounters, StreamLabels } from './stream-counters.ts';

/** The part of an endpoint that layer 4 uses. */
export interface L4Endpoint {
  readonly address: string;
  readonly port: number;
  /** `address:port`. */
  readonly name: string;
  readonly dial: Dial;
  /** Number of its connections and flows, for balancing. */
  active: number;
  readonly health: OutcomeSink;
  connectFailed(): void;
  /** No longer listed: it gets nothing new, and flows leave it. */
  readonly isGone: boolean;
}

/** The part of a cluster that layer 4 uses. */
export interface L4Cluster {
  readonly config: Cluster;
  readonly endpoints: Iterable<L4Endpoint>;
  /** The reason if `pick` returns null. */
  readonly reasonForNone: ReasonCode;
  /** null if there is no endpoint. `tried`: endpoints of earlier attempts, in order; `key`: see `keyOf`. */
  pick(tried: readonly L4Endpoint[], key: number): L4Endpoint | null;
}

/** The hash key of a client: its address, if the cluster hashes by that. */
export function keyOf({ config }: L4Cluster, clientAddress: string): number {
  const { loadBalancing } = config.policy;
  if (loadBalancing.kind !== 'consistent-hash' || loadBalancing.source.kind !== 'source-ip') return NO_KEY;
  return hashText(clientAddress);
}

export interface CompiledL4Backend {
  /** The backendRef, across configurations. */
  readonly origin: Origin;
  readonly counters: StreamCounters;
  /** null: the backendRef is invalid; connections for it are refused. */
  readonly cluster: L4Cluster | null;
  readonly refusal: ReasonCode;
  /** Asked about each client before it gets a connection or flow; null: nothing is. */
  readonly connections: ConnectionFilters | null;
}

/** The policies of layer-4 rules and their backends. */
export interface L4Policies {
  connectionsOfRule(rule: L4Rule): ConnectionFilters | null;
  connectionsOfBackend(rule: L4Rule, index: number): ConnectionFilters | null;
}

export interface CompiledL4Rule {
  /** Identity across configurations. */
  readonly id: string;
  readonly backends: readonly CompiledL4Backend[];
  readonly choice: WeightedChoice;
  /** Counters without a backend. */
  readonly counters: StreamCounters;
}

export interface L4RuleDeps {
  readonly gateway: Origin;
  readonly listener: Origin;
  readonly protocol: StreamLabels['protocol'];
  readonly counters: StreamCounterRegistry;
  /** null: the configuration names a cluster that it does not define. */
  readonly clusterOf: (id: ClusterId) => L4Cluster | null;
  readonly policies: L4Policies;
  /** Asked before those of the rule. */
  readonly ofPort: ConnectionFilters | null;
}

export function compileL4Rule(rule: L4Rule, deps: L4RuleDeps): CompiledL4Rule {
  const { gateway, listener, protocol, policies, ofPort } = deps;
  const labels = { protocol, gateway, listener, rule: rule.origin };
  const ofRule = ConnectionFilters.join([ofPort, policies.connectionsOfRule(rule)]);
  return {
    id: rule.id,
    backends: rule.backends.map((backend, index) => ({
      ...compileBackend(backend, labels, deps),
      connections: ConnectionFilters.join([ofRule, policies.connectionsOfBackend(rule, index)]),
    })),
    choice: WeightedChoice.of(rule.backends.map(({ weight }) => weight)),
    counters: deps.counters.get({ ...labels, backend: null }),
  };
}

function compileBackend(
  backend: WeightedBackend,
  labels: Omit<StreamLabels, 'backend'>,
  { counters, clusterOf }: L4RuleDeps,
): Omit<CompiledL4Backend, 'connections'> {
  return {
    origin: backend.origin,
    counters: counters.get({ ...labels, backend: backend.origin }),
    cluster: backend.kind === 'cluster' ? clusterOf(backend.cluster) : null,
    refusal: backend.kind === 'invalid' ? backend.reason : 'invalid_ref',
  };
}

/**
 * Whether a connection of `rule` to `backend` may continue with a new configuration: not if its route was removed,
 * nor if its backendRef is no longer permitted (a ReferenceGrant was removed). A backend that is merely no longer
 * listed keeps its connections.
 */
export function isStillPermitted(
  rule: CompiledL4Rule,
  backend: CompiledL4Backend,
  rules: ReadonlyMap<string, CompiledL4Rule>,
): boolean {
  const now = rules.get(rule.id);
  if (now === undefined) return false;
  const isSame = (other: CompiledL4Backend): boolean =>
    other.origin.kind === backend.origin.kind &&
    other.origin.namespace === backend.origin.namespace &&
    other.origin.name === backend.origin.name &&
    other.origin.section === backend.origin.section;
  return !now.backends.some((other) => other.cluster === null && isSame(other));
}

/** True when the cluster's circuit breaker allows no more connections of this worker. */
export function isFull({ config, endpoints }: L4Cluster): boolean {
  const { maxConnections } = config.policy.circuitBreaker;
  if (maxConnections === null) return false;
  let open = 0;
  for (const { active } of endpoints) open += active;
  return open >= maxConnections;
}

/** The backend of the next connection or flow; null when the rule has none with a weight above 0. */
export function chooseBackend(rule: CompiledL4Rule): CompiledL4Backend | null {
  return rule.backends[rule.choice.next()] ?? null;
}
