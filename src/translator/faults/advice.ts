/**
 * Findings that only `sluice check` reports: configuration that Sluice serves as written, or does not serve at all, and that
 * probably has another meaning than intended. No condition carries them, so their reasons are never shown.
 */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, infoFault, warningFault, type Fault } from './fault.ts';

const NO_CONDITION = '';

export function classMissing(name: string, controllerName: string): Fault {
  return errorFault({
    code: 'gateway-class-missing',
    reason: NO_CONDITION,
    path: 'spec.gatewayClassName',
    message: `There is no GatewayClass ${name}, so no controller serves this Gateway.`,
    hint: `Add a GatewayClass ${name} with controllerName ${controllerName}, or serve all classes (--all-classes).`,
  });
}

export function classForeign(name: string, controllerName: string): Fault {
  return infoFault({
    code: 'gateway-class-foreign',
    reason: NO_CONDITION,
    path: 'spec.gatewayClassName',
    message: `GatewayClass ${name} belongs to ${controllerName}, so Sluice does not serve this Gateway.`,
    hint: 'To serve it anyway, use --all-classes.',
  });
}

export function routeWithoutParent(): Fault {
  return warningFault({
    code: 'route-without-parent',
    reason: NO_CONDITION,
    path: 'spec.parentRefs',
    message: 'The route has no parent, so no Gateway serves it.',
    hint: 'Add a Gateway or ListenerSet to spec.parentRefs.',
  });
}

export function hostnamesMissing(): Fault {
  return infoFault({
    code: 'tls-route-without-hostnames',
    reason: NO_CONDITION,
    path: 'spec.hostnames',
    message:
      'The TLSRoute has no hostnames and gets the connections for every hostname of its listeners. v1 requires hostnames; older versions do not.',
    hint: 'List the hostnames before you migrate it to v1.',
  });
}

export function headerNotEdited(path: string, name: string): Fault {
  return warningFault({
    code: 'header-not-edited',
    reason: NO_CONDITION,
    path,
    message: `${name} applies to one connection or frames the message; the filter does not change it.`,
    hint: 'Remove it from the filter.',
  });
}

export function headerSetByCors(path: string, name: string): Fault {
  return warningFault({
    code: 'header-set-by-cors',
    reason: NO_CONDITION,
    path,
    message: `${name} is set only by the CORS filter; this modifier has no effect on it.`,
    hint: 'Configure it in the CORS filter, and remove the field from the modifier.',
  });
}

export function preflightUnreachable(path: string, names: readonly string[]): Fault {
  return warningFault({
    code: 'preflight-unreachable',
    reason: NO_CONDITION,
    path,
    message: `Browsers send no ${names.join(' or ')} with a CORS preflight, so preflights do not reach the CORS filter of this rule.`,
    hint: 'Add a rule with the same path and CORS filter and without this header match, to respond to preflights.',
  });
}

export function parentNotFound(path: string, parent: ObjectRef): Fault {
  return errorFault({
    code: 'parent-not-found',
    reason: NO_CONDITION,
    path,
    target: parent,
    message: `${describeRef(parent)} does not exist.`,
  });
}

export function parentNotServed(path: string, parent: ObjectRef): Fault {
  return infoFault({
    code: 'parent-not-served',
    reason: NO_CONDITION,
    path,
    message: `Sluice does not serve ${describeRef(parent)}: its GatewayClass does not exist or belongs to another controller.`,
  });
}

export function parentKindUnsupported(path: string, group: string, kind: string): Fault {
  return infoFault({
    code: 'parent-kind',
    reason: NO_CONDITION,
    path,
    message: `Parents of kind ${kind} in group ${JSON.stringify(group)} are not supported by a gateway.`,
  });
}

export function hostnameIgnored(path: string, hostname: string): Fault {
  return warningFault({
    code: 'hostname-ignored',
    reason: NO_CONDITION,
    path,
    message: `No listener that the route is attached to serves ${hostname}; it is ignored.`,
  });
}

export function ruleWithoutBackends(path: string): Fault {
  return warningFault({
    code: 'rule-without-backends',
    reason: NO_CONDITION,
    path,
    message: 'The rule has no backend with a weight above 0; it responds with 500.',
  });
}

export function matchShadowed(path: string, hostname: string, by: ObjectRef, ruleIndex: number): Fault {
  const host = hostname === '' ? '' : ` for ${hostname}`;
  return warningFault({
    code: 'rule-shadowed',
    reason: NO_CONDITION,
    path,
    message: `A match of this rule never gets a request${host}: rule ${ruleIndex} of ${describeRef(by)} matches the same requests and takes precedence.`,
    hint: 'Among equal matches the oldest route wins, then the one first by namespace/name, then the first rule.',
  });
}

export function regexHostTotal(
  path: string,
  hostname: string,
  { instructions, limit }: { readonly instructions: number; readonly limit: number },
): Fault {
  const host = hostname === '' ? 'any host' : hostname;
  return warningFault({
    code: 'regex-total',
    reason: NO_CONDITION,
    path,
    message: `The regular expressions of all routes for ${host} compile to ${instructions} instructions, more than ${limit}: requests with long paths get 500 (regex_budget).`,
    hint: 'Use fewer or smaller patterns, prefixes or exact values.',
  });
}

export function routeShadowed(path: string, listener: string, by: ObjectRef): Fault {
  return warningFault({
    code: 'route-shadowed',
    reason: NO_CONDITION,
    path,
    message: `On listener ${listener} ${describeRef(by)} takes precedence and gets all traffic; none is left for this route.`,
  });
}

export function hostnameShadowed(path: string, hostname: string, by: ObjectRef): Fault {
  return warningFault({
    code: 'route-shadowed',
    reason: NO_CONDITION,
    path,
    message: `Connections for ${hostname === '' ? 'any hostname' : hostname} go to ${describeRef(by)}, which takes precedence.`,
  });
}

export function certificateCoversOthers(path: string, hostname: string, names: readonly string[]): Fault {
  return warningFault({
    code: 'certificate-hostname',
    reason: NO_CONDITION,
    path,
    message: `No certificate of the listener covers its hostname ${hostname}; they are for ${names.join(', ') || 'no name'}.`,
  });
}

export function backendInTheClear(path: string, ref: ObjectRef, appProtocol: string): Fault {
  return warningFault({
    code: 'backend-in-the-clear',
    reason: NO_CONDITION,
    path,
    message: `${describeRef(ref)} has appProtocol ${appProtocol}, but the gateway connects to it without TLS.`,
    hint: 'Create a BackendTLSPolicy that targets it.',
  });
}

/** Reported on the Service, once for all routes. */
export function externalNameServed(path: string, hostname: string): Fault {
  return infoFault({
    code: 'external-name',
    reason: NO_CONDITION,
    path,
    message: `Requests go to whatever ${JSON.stringify(hostname)} resolves to. sluice run allows this; a controller only with --external-backends.`,
    hint: 'See docs/reference/external-backends.md for the addresses that such a name may resolve to.',
  });
}

/** An ExternalName Service maps no ports: its DNS record names only a host. */
export function externalNameTargetPort(path: string, port: number): Fault {
  return warningFault({
    code: 'external-name-target-port',
    reason: NO_CONDITION,
    path,
    message: `The proxy connects to port ${String(port)}, the Service's port: an ExternalName Service has no target port.`,
    hint: 'Write the port that the host listens on as the port of the Service and of the backendRef.',
  });
}

export function externalBackendInTheClear(path: string): Fault {
  return warningFault({
    code: 'backend-in-the-clear',
    reason: NO_CONDITION,
    path,
    message: 'The gateway connects to the external hostname without TLS.',
    hint: 'Set spec.tls.mode: ServerOnly.',
  });
}
