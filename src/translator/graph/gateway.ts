/** GatewayClasses, Gateways and ListenerSets: which are ours, whether they are accepted, and their listeners. */
import type { Gateway, GatewayClass, ListenerSet } from '../../gatewayapi/generated/types.ts';
import { GATEWAY_GROUP, namespacedName, SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { parseIp } from '../../lib/ip-address.ts';
import type { Fault } from '../faults/fault.ts';
import {
  addressMalformed,
  addressTypeUnsupported,
  classNotAccepted,
  listenerSetNotAllowed,
  listenerSetParentRejected,
  selectorUnusable,
} from '../faults/gateway-faults.ts';
import { foreignParametersIgnored } from '../faults/proxy-config-faults.ts';
import type { TranslateOptions } from '../types.ts';
import { resolveCertificate } from './certificate.ts';
import { selects, unknownOperator } from './label-selector.ts';
import { judgeListener } from './listener.ts';
import { markConflicts, markTlsOverlaps } from './listener-conflict.ts';
import type { ClassNode, GatewayNode, ListenerNode, ListenerSetNode, ProxyConfigNode } from './nodes.ts';
import { byAge, byName, namespaceOf, refOf } from './object-key.ts';
import { findParameters, type ProxyConfigs } from './proxy-config.ts';
import type { Lookup } from './snapshot-index.ts';

export interface GatewayContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
  readonly proxyConfigs: ProxyConfigs;
}

/** Classes whose controller we are, judged. */
export function judgeClasses(
  snapshot: ResourceSnapshot,
  options: TranslateOptions,
  configs: ProxyConfigs,
): readonly ClassNode[] {
  return snapshot.gatewayClasses
    .filter((object) => object.spec.controllerName === options.controllerName)
    .toSorted(byName)
    .map((object) => judgeClass(object, configs));
}

function judgeClass(object: GatewayClass, configs: ProxyConfigs): ClassNode {
  const ref = refOf(object, GATEWAY_GROUP);
  const { parametersRef } = object.spec;
  if (parametersRef === undefined) return { object, ref, parameters: null, faults: [] };
  const found = findParameters(configs, 'spec.parametersRef', { namespace: '', ...parametersRef });
  return found.ok
    ? { object, ref, parameters: found.value, faults: [] }
    : { object, ref, parameters: null, faults: [found.failure] };
}

/** A Gateway to be served, with what names it and what it names. */
export interface SelectedGateway {
  readonly gateway: Gateway;
  /** ListenerSets that name it, oldest first. */
  readonly sets: readonly ListenerSet[];
  /** Its class when it is ours; undefined when served only because all classes are. */
  readonly ours: ClassNode | undefined;
}

/** Gateways to be served, in order of their names. */
export function selectGateways(
  { gateways, listenerSets }: Pick<ResourceSnapshot, 'gateways' | 'listenerSets'>,
  classes: readonly ClassNode[],
  { allClasses }: Pick<TranslateOptions, 'allClasses'>,
): readonly SelectedGateway[] {
  const ours = new Map(classes.map((node) => [node.object.metadata.name, node]));
  const setsByGateway = groupListenerSets(listenerSets);
  return gateways
    .filter((gateway) => ours.has(gateway.spec.gatewayClassName) || allClasses)
    .toSorted(byName)
    .map((gateway) => ({
      gateway,
      sets: setsByGateway.get(namespacedName(namespaceOf(gateway), gateway.metadata.name)) ?? [],
      ours: ours.get(gateway.spec.gatewayClassName),
    }));
}

function groupListenerSets(sets: readonly ListenerSet[]): ReadonlyMap<string, readonly ListenerSet[]> {
  const groups = new Map<string, ListenerSet[]>();
  for (const set of sets.toSorted(byAge)) {
    const {
      group = GATEWAY_GROUP,
      kind = 'Gateway',
      namespace = namespaceOf(set),
      name,
    } = set.spec.parentRef;
    if (group !== GATEWAY_GROUP || kind !== 'Gateway') continue;
    const key = namespacedName(namespace, name);
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [set]);
    else known.push(set);
  }
  return groups;
}

interface OneGateway extends GatewayContext {
  readonly ours: ClassNode | undefined;
}

export function judgeGateway(
  { gateway: object, sets, ours }: SelectedGateway,
  shared: GatewayContext,
): GatewayNode {
  const context: OneGateway = { ...shared, ours };
  const ref = refOf(object, GATEWAY_GROUP);
  const parameters = judgeParameters(object, context);
  const faults = [
    ...(context.ours !== undefined && context.ours.faults.length > 0
      ? [classNotAccepted(object.spec.gatewayClassName)]
      : []),
    ...parameters.faults,
    ...addressFaults(object),
  ];
  const { lookup, options } = context;
  const owner = { ref, gateway: object, lookup, options };
  const listeners = object.spec.listeners.map((spec, index) => judgeListener(owner, spec, index));
  markConflicts([listeners]);
  const accepted = faults.length === 0 && hasAcceptedListener(listeners);
  const listenerSets = sets.map((set) =>
    judgeListenerSet(set, { ...context, gateway: object, ref, accepted }),
  );
  const attachedSets = listenerSets.filter((set) => set.faults.length === 0);
  const groups = [listeners, ...attachedSets.map((set) => set.listeners)];
  markConflicts(groups);
  markTlsOverlaps(groups.flat());
  const clientRef = object.spec.tls?.backend?.clientCertificateRef;
  return {
    object,
    ref,
    className: object.spec.gatewayClassName,
    parameters: [context.ours?.parameters ?? null, parameters.found].filter((node) => node !== null),
    faults,
    remarks: [...parameters.remarks, ...selectorRemarks(object)],
    listeners,
    listenerSets,
    clientCertificate:
      clientRef === undefined
        ? null
        : resolveCertificate({ lookup, options, from: ref }, clientRef, {
            path: 'spec.tls.backend.clientCertificateRef',
            reason: 'InvalidClientCertificateRef',
          }),
    insecureClientValidation: allowsInsecureClients(object),
  };
}

interface Parameters {
  readonly found: ProxyConfigNode | null;
  readonly faults: readonly Fault[];
  readonly remarks: readonly Fault[];
}

function judgeParameters(object: Gateway, { ours, proxyConfigs }: OneGateway): Parameters {
  const parameters = object.spec.infrastructure?.parametersRef;
  if (parameters === undefined) return { found: null, faults: [], remarks: [] };
  const path = 'spec.infrastructure.parametersRef';
  const target = { ...parameters, namespace: namespaceOf(object) };
  if (ours === undefined && parameters.group !== SLUICE_GROUP) {
    return { found: null, faults: [], remarks: [foreignParametersIgnored(path, target)] };
  }
  const found = findParameters(proxyConfigs, path, target);
  return found.ok
    ? { found: found.value, faults: [], remarks: [] }
    : { found: null, faults: [found.failure], remarks: [] };
}

function addressFaults(object: Gateway): readonly Fault[] {
  return (object.spec.addresses ?? []).flatMap(({ type = 'IPAddress', value = '' }, index) => {
    const path = `spec.addresses[${index}]`;
    if (type !== 'IPAddress' && type !== 'Hostname') return [addressTypeUnsupported(`${path}.type`, type)];
    if (type === 'IPAddress' && value !== '' && parseIp(value) === null) {
      return [addressMalformed(`${path}.value`, value)];
    }
    return [];
  });
}

function allowsInsecureClients(object: Gateway): boolean {
  const frontend = object.spec.tls?.frontend;
  if (frontend === undefined) return false;
  const all = [frontend.default, ...(frontend.perPort ?? []).map((entry) => entry.tls)];
  return all.some((config) => config.validation?.mode === 'AllowInsecureFallback');
}

interface SetContext extends GatewayContext {
  readonly gateway: Gateway;
  readonly ref: ObjectRef;
  /** Whether the Gateway is. */
  readonly accepted: boolean;
}

function judgeListenerSet(object: ListenerSet, context: SetContext): ListenerSetNode {
  const ref = refOf(object, GATEWAY_GROUP);
  const owner = { ref, gateway: context.gateway, lookup: context.lookup, options: context.options };
  const listeners: readonly ListenerNode[] = object.spec.listeners.map((spec, index) =>
    judgeListener(owner, spec, index),
  );
  const faults: Fault[] = [];
  if (!allowsListenerSet(context, ref.namespace)) faults.push(listenerSetNotAllowed(context.ref));
  else if (!context.accepted) faults.push(listenerSetParentRejected(context.ref));
  return { object, ref, gateway: context.ref, faults, listeners };
}

function allowsListenerSet({ gateway, lookup }: SetContext, namespace: string): boolean {
  const allowed = gateway.spec.allowedListeners?.namespaces;
  switch (allowed?.from) {
    case 'All':
      return true;
    case 'Same':
      return namespace === namespaceOf(gateway);
    case 'Selector':
      return selects(allowed.selector, lookup.namespaceLabels(namespace));
    case 'None':
    case undefined:
      return false;
  }
}

function selectorRemarks(gateway: Gateway): readonly Fault[] {
  const allowed = gateway.spec.allowedListeners?.namespaces;
  if (allowed?.from !== 'Selector') return [];
  const path = 'spec.allowedListeners.namespaces.selector';
  if (allowed.selector === undefined) return [selectorUnusable(path, 'it is missing.')];
  const operator = unknownOperator(allowed.selector);
  return operator === null ? [] : [selectorUnusable(path, `there is no operator ${operator}.`)];
}

/** Accepted as far as the listener itself and its peers go; ResolvedRefs and Programmed are other matters. */
function isAccepted(listener: ListenerNode): boolean {
  return listener.acceptedFaults.length === 0 && listener.conflict === null;
}

/** GatewayConditionAccepted: nothing wrong with the Gateway itself, and at least one listener of its own is accepted. */
export function hasAcceptedListener(listeners: readonly ListenerNode[]): boolean {
  return listeners.length === 0 || listeners.some(isAccepted);
}
