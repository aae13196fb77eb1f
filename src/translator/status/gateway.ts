/** Status of Gateways and ListenerSets. */
import type { DataPlaneObservation } from '../observations.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ListenerStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import { joinMessages } from '../faults/fault.ts';
import { hasAcceptedListener } from '../graph/gateway.ts';
import type { GatewayNode, ListenerNode, ListenerSetNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import {
  accepted,
  acceptedInPart,
  addressNotAssigned,
  addressNotAllowed,
  addressNotUsable,
  atGeneration,
  defaultGateway,
  insecureFrontendValidation,
  listenersNotResolved,
  noListenerAccepted,
  notAccepted,
  notProgrammed,
  notProgrammedInvalid,
  pending,
  programmed,
  resolvedRefs,
  unresolvedRefs,
  type Verdict,
} from './conditions.ts';
import { listenerStatus, type ListenerContext } from './listener.ts';
import { policyAffected } from '../policy/conditions.ts';

/** What the status depends on besides the Gateway itself. */
export interface GatewayCircumstances extends Pick<ListenerContext, 'observation' | 'attachments'> {
  /** Policies attached to the Gateway, its listeners or its ListenerSets. */
  readonly policies: readonly ObjectRef[];
}

/** Status updates for a Gateway and its ListenerSets. */
export function gatewayStatuses(
  gateway: GatewayNode,
  { observation, attachments, policies }: GatewayCircumstances,
): readonly StatusUpdate[] {
  const blocked = blockedBy(gateway, observation);
  return [
    gatewayStatus(gateway, { observation, attachments, blocked, policies }),
    ...gateway.listenerSets.map((set) => listenerSetStatus(set, { observation, attachments, blocked })),
  ];
}

interface Context extends Pick<ListenerContext, 'observation' | 'attachments'> {
  /** Why the whole Gateway is not programmed; null when only its listeners decide. */
  readonly blocked: Verdict | null;
}

function gatewayStatus(
  gateway: GatewayNode,
  { observation, attachments, blocked, policies }: Context & GatewayCircumstances,
): StatusUpdate {
  const generation = generationOf(gateway.object);
  const { defaultScope } = gateway.object.spec;
  const listeners = gateway.listeners.map((listener) =>
    listenerStatus(listener, { generation, blocked, observation, attachments }),
  );
  const verdicts: Verdict[] = [
    acceptedVerdict(gateway, listeners),
    blocked ?? programmedVerdict(gateway, listeners, observation),
    resolvedVerdict(gateway),
    ...(gateway.insecureClientValidation ? [insecureFrontendValidation()] : []),
    ...(defaultScope === 'All' ? [defaultGateway(defaultScope)] : []),
    ...policyAffected(policies),
  ];
  return {
    kind: 'Gateway',
    object: gateway.ref,
    generation,
    status: {
      addresses: (observation?.addresses ?? []).map(({ type, value }) => ({ type, value })),
      conditions: atGeneration(generation, verdicts),
      listeners,
      attachedListenerSets: gateway.listenerSets.filter(isListenerSetAccepted).length,
    },
  };
}

function acceptedVerdict(gateway: GatewayNode, listeners: readonly ListenerStatus[]): Verdict {
  if (gateway.faults.length > 0) return notAccepted(gateway.faults);
  const invalid = listeners.filter((listener) => !isTrue(listener, 'Accepted')).map(({ name }) => name);
  const valid = listeners.filter((listener) => isTrue(listener, 'Accepted')).map(({ name }) => name);
  if (invalid.length === 0) return accepted('The Gateway', gateway.warnings);
  // A port that cannot be bound makes only its listener invalid, because the failure may be temporary.
  return hasAcceptedListener(gateway.listeners)
    ? acceptedInPart(invalid, valid)
    : noListenerAccepted(invalid);
}

function isTrue({ conditions }: ListenerStatus, type: string): boolean {
  return conditions.some((condition) => condition.type === type && condition.status === 'True');
}

const namesOf = (listeners: readonly ListenerNode[]): readonly string[] =>
  listeners.map((listener) => listener.spec.name);

function resolvedVerdict({ clientCertificate, listeners }: GatewayNode): Verdict {
  if (clientCertificate?.ok === false) return unresolvedRefs([clientCertificate.failure]);
  const unresolved = listeners.filter((listener) => listener.resolvedFaults.length > 0);
  return unresolved.length === 0 ? resolvedRefs() : listenersNotResolved(namesOf(unresolved));
}

/** Why the Gateway is not programmed, apart from its listeners: its own faults, its addresses or its proxies. */
export function blockedBy(gateway: GatewayNode, observation: DataPlaneObservation | null): Verdict | null {
  if (gateway.faults.length > 0) return notProgrammedInvalid(joinMessages(gateway.faults));
  if (!hasAcceptedListener(gateway.listeners)) return notProgrammedInvalid('No listener is accepted.');
  if (observation === null) return pending('Waiting for the infrastructure of the Gateway.');
  if (gateway.refusedAddresses.length > 0) return addressNotAllowed(gateway.refusedAddresses);
  const wanted = gateway.object.spec.addresses ?? [];
  const assigned = new Set(observation.addresses.map((address) => address.value));
  const missing = wanted.flatMap(({ value = '' }) => (value === '' || assigned.has(value) ? [] : [value]));
  if (assigned.size > 0 && missing.length > 0) return addressNotUsable(missing);
  const { acknowledged, refused = null, trouble = null } = observation;
  if (assigned.size === 0) return addressNotAssigned(trouble);
  if (refused !== null) {
    return notProgrammedInvalid(
      `Proxies keep the previous configuration because they cannot serve this one: ${refused}`,
    );
  }
  if (acknowledged === null || acknowledged.proxies === 0) {
    return pending('Waiting for a proxy to apply the configuration.', trouble);
  }
  const generation = generationOf(gateway.object);
  return acknowledged.generation < generation
    ? pending(`Proxies serve generation ${acknowledged.generation}; waiting for ${generation}.`, trouble)
    : null;
}

function programmedVerdict(
  gateway: GatewayNode,
  listeners: readonly ListenerStatus[],
  observation: DataPlaneObservation | null,
): Verdict {
  if (gateway.listeners.length === 0) return programmed('The Gateway', observation);
  return listeners.some((listener) => isTrue(listener, 'Programmed'))
    ? programmed('The Gateway', observation)
    : notProgrammedInvalid('No listener can be served; see their own conditions.');
}

/**
 * Attached: allowed by its Gateway, with at least one listener that can be served (GatewayStatus.attachedListenerSets).
 * Unlike a Gateway, a set is not accepted when none of its listeners has a certificate it may use: the conformance test
 * ListenerSetReferenceGrant requires this.
 */
function isListenerSetAccepted(set: ListenerSetNode): boolean {
  return (
    set.faults.length === 0 &&
    set.listeners.some((listener) => listener.servable && listener.conflict === null)
  );
}

function listenerSetStatus(
  set: ListenerSetNode,
  { observation, attachments, blocked }: Context,
): StatusUpdate {
  const generation = generationOf(set.object);
  const parentVerdict =
    blocked === null ? null : notProgrammed('ParentNotProgrammed', `The Gateway is not: ${blocked.message}`);
  // A refused set gets no listener statuses: they would disclose details of the Gateway to another namespace.
  const listeners =
    set.faults.length > 0
      ? []
      : set.listeners.map((listener) =>
          listenerStatus(listener, { generation, blocked: parentVerdict, observation, attachments }),
        );
  return {
    kind: 'ListenerSet',
    object: set.ref,
    generation,
    status: {
      conditions: atGeneration(
        generation,
        listenerSetVerdicts(set, listeners, { blocked: parentVerdict, observation }),
      ),
      listeners,
    },
  };
}

function listenerSetVerdicts(
  set: ListenerSetNode,
  listeners: readonly ListenerStatus[],
  { blocked: parentVerdict, observation }: Pick<Context, 'blocked' | 'observation'>,
): readonly Verdict[] {
  const fault = set.faults[0];
  if (fault !== undefined) return [notAccepted(set.faults), notProgrammed(fault.reason, fault.message)];
  const unservable = new Set(namesOf(set.listeners.filter(({ servable }) => !servable)));
  const isValid = (status: ListenerStatus): boolean =>
    isTrue(status, 'Accepted') && !unservable.has(status.name);
  const invalid = listeners.filter((status) => !isValid(status)).map(({ name }) => name);
  const valid = listeners.filter(isValid).map(({ name }) => name);
  if (!isListenerSetAccepted(set)) {
    const verdict = noListenerAccepted(invalid);
    return [verdict, notProgrammed(verdict.reason, verdict.message)];
  }
  const acceptance = invalid.length === 0 ? accepted('The ListenerSet') : acceptedInPart(invalid, valid);
  if (parentVerdict !== null) return [acceptance, parentVerdict];
  const served = listeners.some((listener) => isTrue(listener, 'Programmed'));
  return [
    acceptance,
    served
      ? programmed('The ListenerSet', observation)
      : notProgrammed('ListenersNotValid', 'No listener can be served; see their own conditions.'),
  ];
}
