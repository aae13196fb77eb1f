/** Faults of routes: attachment, and rules that cannot be served as written. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { errorFault, type Fault } from './fault.ts';

export function noMatchingParent(path: string, parent: ObjectRef, why: string): Fault {
  return errorFault({
    code: 'route-no-matching-parent',
    reason: 'NoMatchingParent',
    path,
    message: `${describeRef(parent)} ${why}`,
  });
}

export function kindNotAllowed(path: string, kind: RouteKind, listeners: readonly string[]): Fault {
  return errorFault({
    code: 'route-not-allowed',
    reason: 'NotAllowedByListeners',
    path,
    message: `No listener allows ${kind}s (${listeners.join(', ')}).`,
    hint: "The listener's protocol and allowedRoutes.kinds decide.",
  });
}

export function namespaceNotAllowed(path: string, namespace: string, listeners: readonly string[]): Fault {
  return errorFault({
    code: 'route-not-allowed',
    reason: 'NotAllowedByListeners',
    path,
    message: `No listener allows routes from namespace ${namespace} (${listeners.join(', ')}).`,
    hint: "The listener's allowedRoutes.namespaces decides; its default is Same.",
  });
}

export function noMatchingHostname(
  path: string,
  route: readonly string[],
  listeners: readonly string[],
): Fault {
  return errorFault({
    code: 'route-hostname',
    reason: 'NoMatchingListenerHostname',
    path,
    message: `No hostname of the route (${route.join(', ')}) is served by a listener (${listeners.join(', ')}).`,
  });
}

export function protocolTaken(path: string, other: ObjectRef): Fault {
  return errorFault({
    code: 'route-conflict',
    reason: 'HostnameConflict',
    path,
    message: `${describeRef(other)} takes precedence for one of these hostnames on the same listener; HTTPRoutes and GRPCRoutes cannot share one.`,
    hint: 'Give the routes different hostnames (GRPCRouteSpec.hostnames).',
  });
}

export function regexInvalid(path: string, pattern: string, why: string): Fault {
  return errorFault({
    code: 'regex',
    reason: 'UnsupportedValue',
    path,
    message: `${JSON.stringify(pattern)} is not a usable regular expression: ${why}.`,
    hint: 'Regular expressions have RE2 syntax: no look-around and no back-references.',
  });
}

export function regexTotal(path: string, instructions: number, limit: number): Fault {
  return errorFault({
    code: 'regex-total',
    reason: 'UnsupportedValue',
    path,
    message: `The regular expressions of the route up to this rule compile to ${instructions} instructions; the limit is ${limit}.`,
    hint: 'Use fewer or smaller patterns, prefixes or exact values, or split the route by hostname.',
  });
}

export function valueUnsupported(path: string, value: string, allowed: readonly string[]): Fault {
  return errorFault({
    code: 'unsupported-value',
    reason: 'UnsupportedValue',
    path,
    message: `${JSON.stringify(value)} is not supported.`,
    hint: `Use ${allowed.join(', ')}.`,
  });
}

export function durationInvalid(path: string, value: string): Fault {
  return errorFault({
    code: 'duration',
    reason: 'UnsupportedValue',
    path,
    message: `${JSON.stringify(value)} is not a duration.`,
    hint: 'Write it as 1h30m, 10s or 250ms (GEP-2257).',
  });
}

export function sessionNameInvalid(path: string, why: string): Fault {
  return errorFault({
    code: 'session-name',
    reason: 'UnsupportedValue',
    path,
    message: `sessionName: ${why}`,
    hint: "Write a name such as my-session, or remove it to use the rule's default.",
  });
}

export function filtersIncompatible(path: string, one: string, other: string): Fault {
  return errorFault({
    code: 'incompatible-filters',
    reason: 'IncompatibleFilters',
    path,
    message: `Filters ${one} and ${other} cannot be combined.`,
  });
}

export function filterRepeated(path: string, type: string): Fault {
  return errorFault({
    code: 'repeated-filter',
    reason: 'IncompatibleFilters',
    path,
    message: `Filter ${type} is allowed only once.`,
  });
}

/** `type`: of a filter that answers requests itself. */
export function answerWithBackends(path: string, type: string): Fault {
  return errorFault({
    code: 'incompatible-filters',
    reason: 'IncompatibleFilters',
    path,
    message: `A ${type} filter cannot be combined with backendRefs: the gateway responds with the redirect.`,
  });
}

export function filterIncomplete(path: string, field: string): Fault {
  return errorFault({
    code: 'incomplete-filter',
    reason: 'UnsupportedValue',
    path,
    message: `The filter lacks its field ${field}.`,
  });
}

export function headerRepeated(path: string, name: string): Fault {
  return errorFault({
    code: 'repeated-header',
    reason: 'UnsupportedValue',
    path,
    message: `Header ${name} has more than one action in the same filter.`,
    hint: 'Set, add or remove each header once; several values are separated by commas.',
  });
}

export function secondLayer4Rule(path: string, kind: RouteKind): Fault {
  return errorFault({
    code: 'layer4-rule',
    reason: 'UnsupportedValue',
    path,
    message: `A ${kind} cannot choose between rules: only the first one is served.`,
    hint: 'Put all backendRefs into the first rule, with weights (v1 allows one rule).',
  });
}

export function prefixRewriteWithoutPrefix(path: string): Fault {
  return errorFault({
    code: 'prefix-rewrite',
    reason: 'UnsupportedValue',
    path,
    message: 'ReplacePrefixMatch needs every match of the rule to be a PathPrefix.',
    hint: 'Use ReplaceFullPath, or match by PathPrefix.',
  });
}
