/** Faults of policies, and of the backend verification that BackendTLSPolicy and XBackend share. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, infoFault, warningFault, type Fault } from '../faults/fault.ts';

export function noValidCa(path: string): Fault {
  return errorFault({
    code: 'no-valid-ca-certificate',
    reason: 'NoValidCACertificate',
    path,
    message: 'No CA certificate is usable, so no backend can be verified; requests to it get 500.',
  });
}

export function trustMissing(path: string): Fault {
  return errorFault({
    code: 'no-trust',
    reason: 'Invalid',
    path,
    message: 'The policy has neither caCertificateRefs nor wellKnownCACertificates.',
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
    message: `TLS option ${key} belongs to another implementation and has no effect.`,
  });
}

export function policyTargetUnsupported(path: string, target: ObjectRef, kinds: readonly string[]): Fault {
  return errorFault({
    code: 'policy-target-kind',
    reason: 'TargetNotFound',
    path,
    message: `A policy of this kind cannot target ${describeRef(target)} of group ${JSON.stringify(target.group)}.`,
    hint: `It can target ${kinds.join(' or ')}.`,
  });
}

export function policyTargetNotFound(path: string, target: ObjectRef): Fault {
  return errorFault({
    code: 'policy-target-not-found',
    reason: 'TargetNotFound',
    path,
    target,
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
    hint: sectionHint(section, what, names),
  });
}

function sectionHint(section: string, what: string, names: readonly string[]): string {
  const known =
    names.length === 0 ? `Its ${what}s have no names.` : `Its ${what}s are named ${names.join(', ')}.`;
  return /^\d+$/.test(section) ? `sectionName is the name of a ${what}, not its number. ${known}` : known;
}

export function policyValue(path: string, why: string): Fault {
  return errorFault({ code: 'policy-value', reason: 'Invalid', path, message: `${path}: ${why}` });
}

export function poolSettingsOnRoute(path: string, block: string): Fault {
  return errorFault({
    code: 'policy-pool-on-route',
    reason: 'Invalid',
    path,
    message: `${block} configures a connection pool, which routes share.`,
    hint: 'Set it in a policy of a Service, Gateway or ListenerSet.',
  });
}

export function cidrListNotFound(path: string, target: ObjectRef, key: string): Fault {
  return errorFault({
    code: 'cidr-list-not-found',
    reason: 'RefNotFound',
    path,
    target,
    message: `${describeRef(target)} does not exist, or has no key ${key}.`,
    hint: `Create it in namespace ${target.namespace}, with one CIDR a line.`,
  });
}

const SHOWN_LINES = 3;

export function cidrListInvalid(
  path: string,
  target: ObjectRef,
  key: string,
  lines: readonly string[],
): Fault {
  const more = lines.length - SHOWN_LINES;
  const shown = lines.slice(0, SHOWN_LINES).join(' ');
  return errorFault({
    code: 'cidr-list',
    reason: 'InvalidList',
    path,
    message: `${key} of ${describeRef(target)}, ${shown}${more > 0 ? ` (+${String(more)} more)` : ''}`,
    hint: 'Write one CIDR or address a line; # begins a comment.',
  });
}

export function accessOnLayer4(
  path: string,
  field: string,
  { kind, name }: { readonly kind: string; readonly name: string },
): Fault {
  return errorFault({
    code: 'access-layer4',
    reason: 'Invalid',
    path,
    message: `${path}: ${kind} ${name} carries connections, which have an address and no ${field}; the policy closes its targets.`,
    hint: 'Use clientCIDRs or cidrsFrom alone, or another policy for routes of this kind.',
  });
}

export function policyConflicted(path: string, target: ObjectRef, winner: ObjectRef): Fault {
  return errorFault({
    code: 'policy-conflict',
    reason: 'Conflicted',
    path,
    message: `${describeRef(target)} already has a policy that takes precedence: ${describeRef(winner)}.`,
  });
}

/** GEP-1619, "Edge Case Behavior". */
export function policyRuleWideOverridden(path: string, block: string, policy: ObjectRef): Fault {
  return warningFault({
    code: 'session-overridden',
    reason: 'Accepted',
    path,
    message: `${block} of ${describeRef(policy)} does not apply here: the rule's own, or that of an earlier backend, does.`,
  });
}

/** `section`: of the target; null: all of it. */
export function policyBlockConflicted(
  path: string,
  block: string,
  {
    target,
    by,
    section,
    loser,
  }: {
    readonly target: ObjectRef;
    readonly by: ObjectRef;
    readonly section: string | null;
    /** The kind whose block does not apply. */
    readonly loser: string;
  },
): Fault {
  const where = section === null ? describeRef(target) : `port ${section} of ${describeRef(target)}`;
  return warningFault({
    code: 'policy-block-conflict',
    reason: 'Conflicted',
    path,
    message: `${block} of ${where} is set by ${describeRef(by)}, which takes precedence over ${loser}.`,
    hint: 'Keep it in only one of them.',
  });
}

export function policyUnused(path: string, target: ObjectRef): Fault {
  return warningFault({
    code: 'policy-unused',
    reason: 'Accepted',
    path,
    message: `No route attached to a Gateway that Sluice serves uses ${describeRef(target)}.`,
  });
}

/** The effect of a field that a policy sets. */
export type FieldOutcome =
  /** The field applies to some traffic. */
  | { readonly kind: 'effective' }
  /** Stronger policies override the field everywhere. `by` is one of them; `samePlace`: it has the same target. */
  | { readonly kind: 'overridden'; readonly by: ObjectRef; readonly samePlace: boolean }
  /** An exemption that the `Override` of another policy keeps from having an effect on some traffic. */
  | { readonly kind: 'refused'; readonly by: ObjectRef }
  /** The policy closes some layer-4 traffic that it governs. */
  | { readonly kind: 'closes'; readonly why: string }
  /** No traffic that the policy applies to supports the field. */
  | { readonly kind: 'unserved'; readonly why: string };

/** The effect as text, without a full stop. */
export function whyLost(outcome: FieldOutcome): string {
  switch (outcome.kind) {
    case 'effective':
      return 'applied';
    case 'overridden':
      return outcome.samePlace
        ? `set by ${describeRef(outcome.by)}, which takes precedence for the same target`
        : `overridden by ${describeRef(outcome.by)}`;
    case 'closes':
      return outcome.why;
    case 'refused':
      return `no exemption from ${describeRef(outcome.by)}, whose precedence is Override`;
    case 'unserved':
      return `not supported: ${outcome.why}`;
  }
}

type Overridden = Extract<FieldOutcome, { kind: 'overridden' }>;

export function policyFieldOverridden(path: string, outcome: Overridden): Fault {
  const message = `${path} has no effect: ${whyLost(outcome)}.`;
  if (!outcome.samePlace) {
    return infoFault({
      code: 'policy-field-overridden',
      reason: 'Overridden',
      path: `spec.${path}`,
      message,
    });
  }
  return warningFault({
    code: 'policy-field-conflict',
    reason: 'Conflicted',
    path: `spec.${path}`,
    message,
    hint: 'Remove it from one of the two policies.',
  });
}

/** Of a policy that TCPRoutes, TLSRoutes or UDPRoutes inherit. */
export function policyClosesLayer4(path: string, why: string): Fault {
  return errorFault({
    code: 'access-layer4',
    reason: 'Invalid',
    path: `spec.${path}`,
    message: `${why}; TCPRoutes, TLSRoutes and UDPRoutes that it governs are closed.`,
    hint: 'Attach the policy to listeners or routes of HTTP, or use clientCIDRs and cidrsFrom alone.',
  });
}

export function policyExemptionRefused(path: string, by: ObjectRef): Fault {
  return errorFault({
    code: 'policy-exemption-refused',
    reason: 'Overridden',
    path: `spec.${path}`,
    target: by,
    message: `${path} exempts nothing from ${describeRef(by)}, whose precedence is Override.`,
    hint: `Set precedence: Default in ${describeRef(by)}, or remove the exemption.`,
  });
}

export function policyFieldUnserved(path: string, why: string): Fault {
  return warningFault({
    code: 'policy-field-unserved',
    reason: 'PartiallyProgrammed',
    path: `spec.${path}`,
    message: `${path} is not supported: ${why}.`,
    hint: 'Remove it from the policy.',
  });
}
