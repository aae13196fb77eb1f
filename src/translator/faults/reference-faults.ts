/** Faults of references: to backends, certificates, CA bundles, extensions. */
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import { CORE_GROUP, describeRef, SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, joinMessages, type Fault } from './fault.ts';
import type { ConditionReason } from '../status/catalog/condition-catalog.ts';

export function refNotPermitted(path: string, from: Referrer, to: ObjectRef): Fault {
  return errorFault({
    code: 'missing-reference-grant',
    reason: 'RefNotPermitted',
    path,
    message: `${describeRef(to)} is in another namespace, and no ReferenceGrant in ${to.namespace} lets ${from.kind}s of namespace ${from.namespace} refer to it.`,
    target: to,
    hint: `Create a ReferenceGrant in namespace ${to.namespace} with from {group: ${from.group}, kind: ${from.kind}, namespace: ${from.namespace}} and to {group: ${JSON.stringify(to.group)}, kind: ${to.kind}, name: ${to.name}}.`,
  });
}

export function backendKindUnsupported(path: string, ref: ObjectRef): Fault {
  return errorFault({
    code: 'backend-kind',
    reason: 'InvalidKind',
    path,
    message: `Backends of kind ${ref.kind} in group ${JSON.stringify(ref.group)} are not supported.`,
    hint:
      coreGroupHint(ref) ??
      groupHint(ref) ??
      'Use a Service (group "") or, for an endpoint outside the cluster, an XBackend (group gateway.networking.x-k8s.io).',
  });
}

/** Users write the core group as `core` or `v1`; its name is the empty string. */
const coreGroupHint = ({ group }: ObjectRef): string | null =>
  group === 'core' || group === 'v1' ? 'Remove "group", or write group: "" for the core group.' : null;

/** Kinds that users often refer to without a group. */
const GROUPS_OF_OTHERS: Readonly<Record<string, string>> = {
  ServiceImport: 'multicluster.x-k8s.io',
  InferencePool: 'inference.networking.k8s.io',
  Backend: 'gateway.envoyproxy.io',
};

function groupHint({ group, kind }: ObjectRef): string | null {
  const owner = GROUPS_OF_OTHERS[kind];
  if (group !== CORE_GROUP || owner === undefined) return null;
  return `${kind} belongs to group ${owner}, which Sluice does not support. Use a Service (group "").`;
}

export function backendNotFound(path: string, ref: ObjectRef): Fault {
  return errorFault({
    code: 'backend-not-found',
    reason: 'BackendNotFound',
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist.`,
  });
}

export function backendPortNotFound(
  path: string,
  ref: ObjectRef,
  port: number,
  offered: readonly number[],
): Fault {
  return errorFault({
    code: 'backend-port-not-found',
    reason: 'BackendNotFound',
    path: `${path}.port`,
    message: `${describeRef(ref)} has no port ${port}.`,
    hint: describeOffer(ref, offered),
  });
}

function describeOffer(ref: ObjectRef, offered: readonly number[]): string {
  if (offered.length === 0) return 'It has no ports.';
  const list = `It offers ${offered.join(', ')}`;
  return ref.kind === 'Service'
    ? `${list}: a backendRef takes the Service port, not its targetPort.`
    : `${list}.`;
}

export function externalBackendsOff(path: string, ref: ObjectRef): Fault {
  const what = ref.kind === 'Service' ? 'a Service of type ExternalName' : 'an XBackend';
  return errorFault({
    code: 'external-backends-off',
    reason: 'RefNotPermitted',
    path,
    message: `${describeRef(ref)} is ${what}, which the controller does not serve.`,
    hint: 'Use a Service with a selector or EndpointSlices, or start the controller with --external-backends (externalBackends of the chart).',
  });
}

export function clusterNameRefused(path: string, ref: ObjectRef, hostname: string): Fault {
  return errorFault({
    code: 'cluster-name',
    reason: 'RefNotPermitted',
    path,
    message: `${describeRef(ref)} refers to ${hostname}, a cluster-internal name that is not a Service.`,
    hint: 'Use SERVICE.NAMESPACE.svc, or refer to the Service itself.',
  });
}

export function backendPortMissing(path: string, ref: ObjectRef): Fault {
  return errorFault({
    code: 'backend-port-missing',
    reason: 'BackendNotFound',
    path,
    message: `The reference to ${describeRef(ref)} has no port.`,
    hint: 'Add `port`, the port number of the Service.',
  });
}

export function backendProtocolUnsupported(
  path: string,
  ref: ObjectRef,
  protocol: string,
  wish: string,
): Fault {
  return errorFault({
    code: 'backend-protocol',
    reason: 'UnsupportedProtocol',
    path,
    message: `${describeRef(ref)} uses ${protocol}, which cannot carry ${wish} traffic.`,
  });
}

export function backendTlsRequired(path: string, ref: ObjectRef, appProtocol: string): Fault {
  return errorFault({
    code: 'backend-tls-required',
    reason: 'UnsupportedProtocol',
    path,
    message: `${describeRef(ref)} has appProtocol ${appProtocol}, and no BackendTLSPolicy configures how to verify it.`,
    hint: 'Create a BackendTLSPolicy that targets this Service (GEP-1911).',
  });
}

/** `policy` is the BackendTLSPolicy at fault; without one it is the backend's own TLS settings. */
export function backendTlsUnmet(path: string, ref: ObjectRef, policy?: ObjectRef): Fault {
  return errorFault({
    code: 'backend-tls-unmet',
    reason: 'InvalidBackendTLS',
    path,
    message:
      policy === undefined
        ? `The TLS settings of ${describeRef(ref)} cannot be applied; see its own status.`
        : `${describeRef(policy)} targets ${describeRef(ref)} and cannot be applied; see its own status.`,
  });
}

export function extensionRefUnknown(path: string, ref: ObjectRef, kinds: readonly string[]): Fault {
  return errorFault({
    code: 'extension-ref',
    reason: 'InvalidKind',
    path,
    message: `${ref.kind} ${ref.name} is not supported: Sluice has no filter of that kind in group ${JSON.stringify(ref.group)}; the rule responds with 500.`,
    hint: `${ref.kind} belongs to another implementation. Use a filter of the Gateway API, ${kinds.join(' or ')} of group ${SLUICE_GROUP}, or a BackendPolicy for retries, timeouts, health checks and load balancing.`,
  });
}

export function extensionRefInvalid(path: string, ref: ObjectRef, faults: readonly Fault[]): Fault {
  return errorFault({
    code: 'extension-invalid',
    reason: 'InvalidFilter',
    path,
    message: `${describeRef(ref)} is invalid: ${joinMessages(faults)}`,
    hint: 'What refers to it answers 500; see its own status.',
  });
}

export function extensionRefNotFound(path: string, ref: ObjectRef): Fault {
  return errorFault({
    code: 'extension-ref',
    reason: 'RefNotFound',
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist; the rule answers 500.`,
    hint: 'An ExtensionRef refers to an object in the namespace of the route.',
  });
}

export function certificateRefsMissing(path: string): Fault {
  return errorFault({
    code: 'certificate-missing',
    reason: 'InvalidCertificateRef',
    path,
    message: 'The listener terminates TLS but has no certificateRefs.',
    hint: 'Add tls.certificateRefs with the name of a Secret of type kubernetes.io/tls.',
  });
}

export function certificateKindUnsupported(path: string, ref: ObjectRef, reason: ConditionReason): Fault {
  return errorFault({
    code: 'certificate-kind',
    reason,
    path,
    message: `Certificates of kind ${ref.kind} in group ${JSON.stringify(ref.group)} are not supported.`,
    hint: coreGroupHint(ref) ?? 'Use a Secret (group "") with tls.crt and tls.key.',
  });
}

export function certificateNotFound(path: string, ref: ObjectRef, reason: ConditionReason): Fault {
  return errorFault({
    code: 'certificate-not-found',
    reason,
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist.`,
  });
}

export function certificateUnusable(
  path: string,
  ref: ObjectRef,
  reason: ConditionReason,
  why: string,
): Fault {
  return errorFault({
    code: 'certificate-unusable',
    reason,
    path,
    message: `${describeRef(ref)} contains no usable certificate: ${why}`,
  });
}

export function caKindUnsupported(path: string, ref: ObjectRef, reason: ConditionReason): Fault {
  return errorFault({
    code: 'ca-certificate-kind',
    reason,
    path,
    message: `CA certificates of kind ${ref.kind} in group ${JSON.stringify(ref.group)} are not supported.`,
    hint: coreGroupHint(ref) ?? 'Use a ConfigMap or a Secret (group "") with the key ca.crt.',
  });
}

export function caNotFound(path: string, ref: ObjectRef, reason: ConditionReason): Fault {
  return errorFault({
    code: 'ca-certificate-not-found',
    reason,
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist.`,
  });
}

export function caUnusable(path: string, ref: ObjectRef, reason: ConditionReason, why: string): Fault {
  return errorFault({
    code: 'ca-certificate-unusable',
    reason,
    path,
    message: `${describeRef(ref)} contains no usable CA certificate in ca.crt: ${why}`,
  });
}
