/** Faults of GatewayClass, Gateway, ListenerSet and their listeners. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, warningFault, type Fault } from './fault.ts';

export function classNotAccepted(className: string): Fault {
  return errorFault({
    code: 'class-not-accepted',
    reason: 'Invalid',
    path: 'spec.gatewayClassName',
    message: `GatewayClass ${className} is not accepted; see its own status.`,
  });
}

export function addressTypeUnsupported(path: string, type: string): Fault {
  return errorFault({
    code: 'address-type',
    reason: 'UnsupportedAddress',
    path,
    message: `Addresses of type ${type} are not supported.`,
    hint: 'Use IPAddress or Hostname.',
  });
}

export function addressMalformed(path: string, value: string): Fault {
  return errorFault({
    code: 'address-value',
    reason: 'UnsupportedAddress',
    path,
    message: `${JSON.stringify(value)} is not an IP address.`,
    hint: 'Write an IPv4 or IPv6 address, or set type: Hostname.',
  });
}

export function protocolUnsupported(path: string, protocol: string): Fault {
  return errorFault({
    code: 'listener-protocol',
    reason: 'UnsupportedProtocol',
    path: `${path}.protocol`,
    message: `Protocol ${protocol} is not supported.`,
    hint: 'Use HTTP, HTTPS, TLS, TCP or UDP.',
  });
}

export function tlsOptionUnsupported(path: string, key: string, why: string): Fault {
  return errorFault({
    code: 'tls-option',
    reason: 'UnsupportedValue',
    path: `${path}.tls.options`,
    message: `TLS option ${key}: ${why}`,
  });
}

export function tlsOptionForeign(path: string, key: string): Fault {
  return warningFault({
    code: 'tls-option-foreign',
    reason: 'Accepted',
    path: `${path}.tls.options`,
    message: `TLS option ${key} belongs to another implementation and has no effect.`,
  });
}

export function hostnameConflict(path: string, port: number, hostname: string): Fault {
  const name = hostname === '' ? 'no hostname' : `hostname ${hostname}`;
  return errorFault({
    code: 'listener-conflict',
    reason: 'HostnameConflict',
    path: `${path}.hostname`,
    message: `Another listener on port ${port} has ${name} as well.`,
    hint: 'Give each listener of a port its own hostname.',
  });
}

export function protocolConflict(path: string, port: number, protocols: readonly string[]): Fault {
  return errorFault({
    code: 'listener-conflict',
    reason: 'ProtocolConflict',
    path: `${path}.protocol`,
    message: `Port ${port} is used with protocols that cannot share it: ${protocols.join(', ')}.`,
    hint: 'Use another port; only HTTPS and TLS may share one.',
  });
}

export function portConflict(path: string, port: number, protocol: string): Fault {
  return errorFault({
    code: 'listener-conflict',
    reason: 'ListenerConflict',
    path: `${path}.port`,
    message: `Another ${protocol} listener already uses port ${port}; ${protocol} has no hostname to distinguish them.`,
    hint: 'Use another port.',
  });
}

export function routeKindUnsupported(
  path: string,
  { group, kind }: { readonly group: string; readonly kind: string },
  protocol: string,
): Fault {
  return errorFault({
    code: 'listener-route-kind',
    reason: 'InvalidRouteKinds',
    path,
    message: `Routes of kind ${kind} in group ${JSON.stringify(group)} cannot attach to a listener of protocol ${protocol}.`,
  });
}

export function noValidCaCertificate(path: string): Fault {
  return errorFault({
    code: 'no-valid-ca-certificate',
    reason: 'NoValidCACertificate',
    path,
    message: 'No CA certificate for client validation is usable, so no client can be verified.',
  });
}

export function selectorUnusable(path: string, why: string): Fault {
  return warningFault({
    code: 'namespace-selector',
    reason: 'Accepted',
    path,
    message: `The namespace selector selects nothing: ${why}`,
  });
}

export function listenerSetNotAllowed(gateway: ObjectRef): Fault {
  return errorFault({
    code: 'listener-set-not-allowed',
    reason: 'NotAllowed',
    path: 'spec.parentRef',
    message: `${describeRef(gateway)} does not allow ListenerSets from this namespace.`,
    hint: "The Gateway's spec.allowedListeners.namespaces decides; its default is None.",
  });
}

export function listenerSetParentRejected(gateway: ObjectRef): Fault {
  return errorFault({
    code: 'listener-set-parent',
    reason: 'ParentNotAccepted',
    path: 'spec.parentRef',
    message: `${describeRef(gateway)} is not accepted; see its own status.`,
  });
}
