/** Faults of BackendTLSPolicy, XBackendTrafficPolicy and XBackend. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, warningFault, type Fault } from './fault.ts';

export function noValidCa(path: string): Fault {
  return errorFault({
    code: 'no-valid-ca-certificate',
    reason: 'NoValidCACertificate',
    path,
    message: 'No CA certificate is usable, so no backend could be verified; requests to it answer 500.',
  });
}

export function trustMissing(path: string): Fault {
  return errorFault({
    code: 'no-trust',
    reason: 'Invalid',
    path,
    message: 'Neither caCertificateRefs nor wellKnownCACertificates says whom to trust.',
    hint: 'Set wellKnownCACertificates: System, or refer to a ConfigMap with ca.crt.',
  });
}

export function wellKnownCaUnsupported(path: string, value: string): Fault {
  return errorFault({
    code: 'well-known-ca',
    reason: 'Invalid',
    path,
    message: `There is no set of CA certificates named ${value}.`,
    hint: 'Use System.',
  });
}

export function policyOptionUnsupported(path: string, key: string): Fault {
  return errorFault({
    code: 'tls-option',
    reason: 'Invalid',
    path,
    message: `There is no TLS option ${key} for backends.`,
  });
}

export function policyOptionForeign(path: string, key: string): Fault {
  return warningFault({
    code: 'tls-option-foreign',
    reason: 'Accepted',
    path,
    message: `TLS option ${key} belongs to another implementation and is not served.`,
  });
}

export function policyTargetUnsupported(path: string, target: ObjectRef, kinds: readonly string[]): Fault {
  return errorFault({
    code: 'policy-target-kind',
    reason: 'TargetNotFound',
    path,
    message: `A policy of this kind cannot govern ${describeRef(target)} of group ${JSON.stringify(target.group)}.`,
    hint: `It governs ${kinds.join(' or ')}.`,
  });
}

export function policyTargetNotFound(path: string, target: ObjectRef): Fault {
  return errorFault({
    code: 'policy-target-not-found',
    reason: 'TargetNotFound',
    path,
    message: `${describeRef(target)} does not exist.`,
  });
}

export function policySectionNotFound(
  path: string,
  target: ObjectRef,
  section: string,
  { what, names }: { readonly what: string; readonly names: readonly string[] },
): Fault {
  return errorFault({
    code: 'policy-section-not-found',
    reason: 'TargetNotFound',
    path: `${path}.sectionName`,
    message: `${describeRef(target)} has no ${what} named ${section}.`,
    hint: names.length === 0 ? `Its ${what}s have no names.` : `Its ${what}s are named ${names.join(', ')}.`,
  });
}

export function policyValue(path: string, why: string): Fault {
  return errorFault({ code: 'policy-value', reason: 'Invalid', path, message: `${path}: ${why}` });
}

export function poolSettingsOnRoute(path: string, block: string): Fault {
  return errorFault({
    code: 'policy-pool-on-route',
    reason: 'Invalid',
    path,
    message: `${block} belongs to a pool of connections, which routes share.`,
    hint: 'Set it in a policy of a Service, Gateway or ListenerSet.',
  });
}

export function policyConflicted(path: string, target: ObjectRef, winner: ObjectRef): Fault {
  return errorFault({
    code: 'policy-conflict',
    reason: 'Conflicted',
    path,
    message: `${describeRef(target)} is governed by ${describeRef(winner)}, which comes first.`,
  });
}

export function policyUnused(path: string, target: ObjectRef): Fault {
  return warningFault({
    code: 'policy-unused',
    reason: 'Accepted',
    path,
    message: `No route that is attached to a Gateway of ours uses ${describeRef(target)}.`,
  });
}
