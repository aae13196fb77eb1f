/** Judges one rule of a route of any kind: what it matches, its filters, where it forwards, its policies. */
import { GATEWAY_GROUP } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { sessionNameError } from '../../lib/message-grammar.ts';
import { trimmed } from '../../lib/trimmed.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError } from '../faults/object-faults.ts';
import {
  durationInvalid,
  redirectWithBackends,
  secondLayer4Rule,
  sessionNameInvalid,
} from '../faults/route-faults.ts';
import { backendRefOf, resolveBackend, type BackendContext, type Traffic } from './backend.ts';
import { judgeFilters, type FilterJudgement } from './filter.ts';
import { judgeMatches, matchesOnlyPrefixes, type MeasureRegex } from './match.ts';
import type { BackendNode, RuleNode } from './nodes.ts';
import type { RuleSpec } from './route-adapter.ts';

export interface RuleContext extends Omit<BackendContext, 'found'> {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly measureRegex: MeasureRegex;
}

const TRAFFIC: Readonly<Record<RouteKind, Traffic>> = {
  HTTPRoute: 'HTTP',
  GRPCRoute: 'gRPC',
  TLSRoute: 'TLS',
  TCPRoute: 'TCP',
  UDPRoute: 'UDP',
};

const isLayer4 = (kind: RouteKind): boolean => kind !== 'HTTPRoute' && kind !== 'GRPCRoute';

const NO_BACKENDS: RuleNode['filterBackends'] = new Map();

/** A rule whose evaluation throws is closed. */
export function judgeRule(spec: RuleSpec, index: number, context: RuleContext): RuleNode {
  const path = `spec.rules[${index}]`;
  if (spec.closed.length > 0) return closedNode(spec, index, spec.closed);
  return contain(
    () => evaluateRule(spec, index, context),
    (error) => closedNode(spec, index, [internalError(path, error, 'UnsupportedValue')]),
  );
}

const closedNode = (spec: RuleSpec, index: number, closed: readonly Fault[]): RuleNode => ({
  index,
  spec,
  path: `spec.rules[${index}]`,
  invalid: [],
  closed,
  unserved: [],
  backends: [],
  filterBackends: NO_BACKENDS,
  found: [],
});

function evaluateRule(spec: RuleSpec, index: number, shared: RuleContext): RuleNode {
  const context = { ...shared, found: [] };
  const path = `spec.rules[${index}]`;
  const from = { group: GATEWAY_GROUP, kind: context.kind, namespace: context.namespace };
  const filterContext = { backends: context, from, allPrefixes: matchesOnlyPrefixes(spec.matches) };
  const filters = judgeFilters(spec.filters, `${path}.filters`, filterContext);
  const invalid = [
    ...judgeMatches(spec.matches, `${path}.matches`, context.measureRegex),
    ...filters.invalid,
    ...judgePolicies(spec, path),
  ];
  // v1 allows one rule; v1alpha2 allowed more, of which an API server may still hold some.
  if (index > 0 && isLayer4(context.kind)) invalid.push(secondLayer4Rule(path, context.kind));
  if (spec.backendRefs.length > 0 && spec.filters.some((filter) => filter.type === 'RequestRedirect')) {
    invalid.push(redirectWithBackends(`${path}.filters`));
  }
  const filterBackends = new Map(filters.backends);
  const backends: BackendNode[] = [];
  for (const [at, ref] of spec.backendRefs.entries()) {
    const refPath = `${path}.backendRefs[${at}]`;
    const own: FilterJudgement = judgeFilters(ref.filters ?? [], `${refPath}.filters`, filterContext);
    invalid.push(...own.invalid);
    for (const [key, upstream] of own.backends) filterBackends.set(key, upstream);
    const traffic = TRAFFIC[context.kind];
    backends.push({
      path: refPath,
      ref: backendRefOf(ref, context.namespace),
      port: ref.port ?? null,
      upstream: resolveBackend(context, { from, ref, traffic, path: refPath }),
      filterFaults: trimmed(own.unserved),
    });
  }
  return {
    index,
    spec,
    path,
    invalid: trimmed(invalid),
    closed: spec.closed,
    unserved: trimmed(filters.unserved),
    backends: trimmed(backends),
    filterBackends: filterBackends.size === 0 ? NO_BACKENDS : filterBackends,
    found: trimmed(context.found),
  };
}

function judgePolicies(spec: RuleSpec, path: string): readonly Fault[] {
  const durations = [
    [spec.timeouts?.request, 'timeouts.request'],
    [spec.timeouts?.backendRequest, 'timeouts.backendRequest'],
    [spec.retry?.backoff, 'retry.backoff'],
    [spec.sessionPersistence?.absoluteTimeout, 'sessionPersistence.absoluteTimeout'],
  ] as const;
  const faults = durations.flatMap(([text, field]) =>
    text === undefined || parseDurationMs(text) !== null ? [] : [durationInvalid(`${path}.${field}`, text)],
  );
  const { sessionName = '', type = 'Cookie' } = spec.sessionPersistence ?? {};
  const nameError = sessionNameError(sessionName, type);
  if (nameError !== null)
    faults.push(sessionNameInvalid(`${path}.sessionPersistence.sessionName`, nameError));
  return faults;
}
