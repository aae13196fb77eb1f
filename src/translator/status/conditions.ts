/**
 * Every condition that Sluice writes has one constructor here. Its message comes from here or from a fault.
 * Types and reasons are those of the API's Go types; Sluice's own reasons are marked.
 */
import type { UnreadableKind } from '../../gatewayapi/snapshot.ts';
import type { DataPlaneObservation } from '../observations.ts';
import type { Condition } from '../../gatewayapi/condition.ts';
import type { ConditionType } from './catalog/condition-catalog.ts';
import { joinMessages, type Fault, type FaultReason } from '../faults/fault.ts';

/** `GROUP/KINDAffected`: objects that policies of a kind affect (GEP-713). */
type PolicyAffected = `${string}/${string}Affected`;

interface Verdict {
  readonly type: ConditionType | PolicyAffected;
  readonly status: Condition['status'];
  readonly reason: FaultReason;
  readonly message: string;
}

/** Sets `observedGeneration` of the conditions to the generation of their object. */
export function atGeneration(generation: number, verdicts: readonly Verdict[]): readonly Condition[] {
  return verdicts.map((verdict) => ({ ...verdict, observedGeneration: generation }));
}

export type { Verdict };

function holds(type: ConditionType, reason: FaultReason, message: string): Verdict {
  return { type, status: 'True', reason, message };
}

function fails(type: ConditionType, reason: FaultReason, message: string): Verdict {
  return { type, status: 'False', reason, message };
}

/** The first fault gives the reason; the message joins all faults. */
function failsFor(type: ConditionType, faults: readonly Fault[]): Verdict {
  return fails(type, faults[0]?.reason ?? 'Invalid', joinMessages(faults));
}

const withWarnings = (message: string, warnings: readonly Fault[]): string =>
  warnings.length === 0 ? message : `${message} ${joinMessages(warnings)}`;

// Shared by several kinds.

export function accepted(what: string, warnings: readonly Fault[] = []): Verdict {
  return holds('Accepted', 'Accepted', withWarnings(`${what} is accepted.`, warnings));
}

export function notAccepted(faults: readonly Fault[]): Verdict {
  return failsFor('Accepted', faults);
}

export function resolvedRefs(): Verdict {
  return holds('ResolvedRefs', 'ResolvedRefs', 'All references are resolved.');
}

export function unresolvedRefs(faults: readonly Fault[]): Verdict {
  return failsFor('ResolvedRefs', faults);
}

// GatewayClass.

const SUPPORTED_VERSION = 'v1.6';

export function versionSupported(): Verdict {
  return holds('SupportedVersion', 'SupportedVersion', `Gateway API ${SUPPORTED_VERSION} is supported.`);
}

/** `unreadable`: kinds of which no version is read. */
export function versionUnsupported(found: readonly string[], unreadable: readonly UnreadableKind[]): Verdict {
  const ofBundles =
    found.length === 0
      ? []
      : [
          `The cluster has Gateway API CRDs of ${found.join(', ')}; Sluice supports ${SUPPORTED_VERSION} and older v1 versions, and serves the fields that both have.`,
        ];
  const ofKinds = unreadable.map(
    ({ kind, versions }) =>
      `${kind} is installed as ${versions.join(', ')}, which Sluice does not read: such objects have no effect.`,
  );
  return fails('SupportedVersion', 'UnsupportedVersion', [...ofBundles, ...ofKinds].join(' '));
}

// Gateway.

export function acceptedInPart(invalid: readonly string[], valid: readonly string[]): Verdict {
  return holds('Accepted', 'ListenersNotValid', describeListeners(invalid, valid));
}

export function noListenerAccepted(invalid: readonly string[]): Verdict {
  return fails('Accepted', 'ListenersNotValid', describeListeners(invalid, []));
}

function describeListeners(invalid: readonly string[], valid: readonly string[]): string {
  const good = valid.length === 0 ? 'No listener is accepted.' : `Accepted: ${valid.join(', ')}.`;
  return `Not accepted: ${invalid.join(', ')}; see their own conditions. ${good}`;
}

/** The message counts proxies only if there are several. */
export function programmed(what: string, observation: DataPlaneObservation | null): Verdict {
  const { proxies = 1, expected = 1 } = observation?.acknowledged ?? {};
  const by = Math.max(proxies, expected) > 1 ? ` by ${proxies} of ${expected} proxies` : '';
  return holds('Programmed', 'Programmed', `${what} is served${by}.`);
}

export function notProgrammedInvalid(why: string): Verdict {
  return fails('Programmed', 'Invalid', why);
}

export function pending(why: string, trouble: string | null = null): Verdict {
  return fails('Programmed', 'Pending', withTrouble(why, trouble));
}

export function addressNotAssigned(trouble: string | null): Verdict {
  return fails('Programmed', 'AddressNotAssigned', withTrouble('No address has been assigned yet.', trouble));
}

const withTrouble = (message: string, trouble: string | null): string =>
  trouble === null ? message : `${message} ${trouble}`;

export function addressNotUsable(addresses: readonly string[]): Verdict {
  const list = addresses.join(', ');
  const message = `Not available here: ${list}. Request an address that the network or load balancer can assign, or remove spec.addresses.`;
  return fails('Programmed', 'AddressNotUsable', message);
}

export function addressNotAllowed(addresses: readonly string[]): Verdict {
  const message = `The GatewayClass does not let Gateways claim ${addresses.join(', ')} as an external IP. Remove spec.addresses, or use a Service of type LoadBalancer.`;
  return fails('Programmed', 'AddressNotUsable', message);
}

export function listenersNotResolved(names: readonly string[]): Verdict {
  const message = `Listeners with unresolved references: ${names.join(', ')}; see their own conditions.`;
  return fails('ResolvedRefs', 'ListenersNotResolved', message);
}

export function insecureFrontendValidation(): Verdict {
  const message = 'AllowInsecureFallback accepts clients whose certificate is missing or invalid.';
  return holds('InsecureFrontendValidationMode', 'ConfigurationChanged', message);
}

export function defaultGateway(scope: string): Verdict {
  return holds('DefaultGateway', 'DefaultGateway', `Gateway has default scope ${scope}.`);
}

// Listener.

export function noConflicts(): Verdict {
  return fails('Conflicted', 'NoConflicts', 'No other listener collides with this one.');
}

export function conflicted(fault: Fault): Verdict {
  return holds('Conflicted', fault.reason, fault.message);
}

/** The conflict's own reason, as the conformance tests of ListenerSet expect. */
export function notProgrammedConflicted(fault: Fault): Verdict {
  return fails('Programmed', fault.reason, fault.message);
}

/** For Accepted and Programmed alike (ListenerReasonPortUnavailable). */
export function portUnavailable(type: 'Accepted' | 'Programmed', message: string): Verdict {
  return fails(type, 'PortUnavailable', message);
}

export function overlappingTls(
  reason: 'OverlappingHostnames' | 'OverlappingCertificates',
  other: string | null,
): Verdict {
  const what = reason === 'OverlappingHostnames' ? 'hostname' : 'certificate';
  const whose = other === null ? 'another listener of this port' : `listener ${other}`;
  const message = `Its ${what} overlaps with that of ${whose}: clients may reuse connections across them. Requests for another listener's host are answered with 421.`;
  return holds('OverlappingTLSConfig', reason, message);
}

// ListenerSet.

export function notProgrammed(reason: FaultReason, message: string): Verdict {
  return fails('Programmed', reason, message);
}

// Routes.

/** RouteConditionPartiallyInvalid: the message must start with "Dropped Rule". `effect`: what that means for traffic. */
export function partiallyInvalid(
  rules: readonly { readonly label: string; readonly why: string }[],
  effect: string,
): Verdict {
  const dropped = rules.map(({ label, why }) => `Dropped Rule ${label}: ${why}`);
  return holds('PartiallyInvalid', 'UnsupportedValue', [...dropped, effect].join(' '));
}
