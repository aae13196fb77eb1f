/** GatewayClasses, Gateways and ListenerSets: which ones Sluice serves, whether they are accepted, and their listeners. */
import type { Gateway, GatewayClass, ListenerSet } from '../../gatewayapi/generated/types.ts';
import {
  GATEWAY_GROUP,
  namespacedName,
  SLUICE_GROUP,
  type NamespacedName,
  type ObjectRef,
} from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { parseIp } from '../../lib/ip-address.ts';
import { contain, type Defects } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import {
  addressMalformed,
  addressTypeUnsupported,
  classNotAccepted,
  listenerSetNotAllowed,
  listenerSetParentRejected,
  selectorUnusable,
} from '../faults/gateway-faults.ts';
import {
  externalIpRefused,
  foreignParametersIgnored,
  overridesRefused,
} from '../faults/proxy-config-faults.ts';
import type { TranslateOptions } from '../types.ts';
import { resolveCertificate } from './certificate.ts';
import { selects, unknownOperator } from './label-selector.ts';
import { readListener, type ListenerDraft } from './listener.ts';
import { findConflicts, findTlsOverlaps } from './listener-conflict.ts';
import { allowedOverrides, externalIpsRefused } from './gateway-overrides.ts';
import type { ClassNode, GatewayNode, ListenerNode, ListenerSetNode } from './nodes.ts';
import { byAge, byName, namespaceOf, refOf } from './object-key.ts';
import { findParameters, type ProxyConfigs } from './proxy-config.ts';
import type { ProxyConfigSettings } from './proxy-config-settings.ts';
import type { Lookup } from './snapshot-index.ts';

export interface GatewayContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
  readonly proxyConfigs: ProxyConfigs;
}

/** Classes of this controller. */
export function readClasses(
  snapshot: ResourceSnapshot,
  options: TranslateOptions,
  { configs, defects }: { readonly configs: ProxyConfigs; readonly defects: Defects },
): readonly ClassNode[] {
  const isOurs = (object: GatewayClass): boolean =>
    defects.contain(
      [object, 'class'],
      () => object.spec.controllerName === options.controllerName,
      () => false,
    );
  return snapshot.gatewayClasses
    .filter(isOurs)
    .toSorted(byName)
    .map((object) =>
      contain(
        () => readClass(object, configs),
        (error) => ({
          object,
          ref: refOf(object, GATEWAY_GROUP),
          parameters: null,
          faults: [internalError('', error, 'Invalid')],
        }),
      ),
    );
}

function readClass(object: GatewayClass, configs: ProxyConfigs): ClassNode {
  const ref = refOf(object, GATEWAY_GROUP);
  const violations = schemaFaults(object, 'Invalid');
  if (violations.length > 0) return { object, ref, parameters: null, faults: violations };
  const { parametersRef } = object.spec;
  if (parametersRef === undefined) return { object, ref, parameters: null, faults: [] };
  const found = findParameters(configs, 'spec.parametersRef', { namespace: '', ...parametersRef });
  return found.ok
    ? { object, ref, parameters: found.value, faults: [] }
    : { object, ref, parameters: null, faults: [found.failure] };
}

/** A Gateway to serve, with the objects that refer to it and those that it refers to. */
export interface SelectedGateway {
  readonly gateway: Gateway;
  /** ListenerSets that refer to it, oldest first. */
  readonly sets: readonly ListenerSet[];
  /** Its class if that belongs to this controller; undefined if it is served only because of `allClasses`. */
  readonly ours: ClassNode | undefined;
}

/** Gateways to serve, by name. */
export function selectGateways(
  { gateways, listenerSets }: Pick<ResourceSnapshot, 'gateways' | 'listenerSets'>,
  classes: readonly ClassNode[],
  { allClasses, defects }: Pick<TranslateOptions, 'allClasses'> & { readonly defects: Defects },
): readonly SelectedGateway[] {
  const ours = new Map(classes.map((node) => [node.object.metadata.name, node]));
  const setsByGateway = groupListenerSets(listenerSets, defects);
  const isServed = (gateway: Gateway): boolean =>
    defects.contain(
      [gateway, 'select'],
      () => ours.has(gateway.spec.gatewayClassName) || allClasses,
      () => false,
    );
  return gateways
    .filter(isServed)
    .toSorted(byName)
    .map((gateway) => ({
      gateway,
      sets: setsByGateway.get(namespacedName(namespaceOf(gateway), gateway.metadata.name)) ?? [],
      ours: ours.get(gateway.spec.gatewayClassName),
    }));
}

/** null for a set whose parent is of a kind that Sluice does not serve. */
function parentOfSet(set: ListenerSet): NamespacedName | null {
  const { group = GATEWAY_GROUP, kind = 'Gateway', namespace = namespaceOf(set), name } = set.spec.parentRef;
  return group === GATEWAY_GROUP && kind === 'Gateway' ? namespacedName(namespace, name) : null;
}

function groupListenerSets(
  sets: readonly ListenerSet[],
  defects: Defects,
): ReadonlyMap<string, readonly ListenerSet[]> {
  const groups = new Map<string, ListenerSet[]>();
  for (const set of sets.toSorted(byAge)) {
    const key = defects.contain(
      [set, 'select'],
      () => parentOfSet(set),
      () => null,
    );
    if (key === null) continue;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [set]);
    else known.push(set);
  }
  return groups;
}

interface OneGateway extends GatewayContext {
  readonly ours: ClassNode | undefined;
}

/** A Gateway whose evaluation throws is not accepted. */
export const readGateway = (selected: SelectedGateway, context: GatewayContext): GatewayNode =>
  contain(
    () => evaluateGateway(selected, context),
    (error) => closedGateway(selected.gateway, internalError('', error, 'Invalid')),
  );

const closedGateway = (object: Gateway, fault: Fault): GatewayNode => ({
  object,
  ref: refOf(object, GATEWAY_GROUP),
  className: object.spec.gatewayClassName,
  isDefault: false,
  settings: [],
  refusedAddresses: [],
  faults: [fault],
  warnings: [],
  listeners: [],
  listenerSets: [],
  clientCertificate: null,
  insecureClientValidation: false,
});

function evaluateGateway(
  { gateway: object, sets, ours }: SelectedGateway,
  shared: GatewayContext,
): GatewayNode {
  const context: OneGateway = { ...shared, ours };
  const ref = refOf(object, GATEWAY_GROUP);
  const parameters = readParameters(object, context);
  const faults = [
    ...schemaFaults(object, 'Invalid'),
    ...(context.ours !== undefined && context.ours.faults.length > 0
      ? [classNotAccepted(object.spec.gatewayClassName)]
      : []),
    ...parameters.faults,
    ...addressFaults(object),
  ];
  const { lookup, options } = context;
  const owner = { ref, gateway: object, lookup, options };
  const listeners = object.spec.listeners.map((spec, index) => readListener(owner, spec, index));
  const accepted = faults.length === 0 && hasAcceptedListener(compareListeners([listeners])(listeners));
  const listenerSets = sets.map((set) =>
    contain<ListenerSetDraft>(
      () => readListenerSet(set, { ...context, gateway: object, ref, accepted }),
      (error) => ({
        object: set,
        ref: refOf(set, GATEWAY_GROUP),
        gateway: ref,
        faults: [internalError('', error, 'Invalid')],
        listeners: [],
      }),
    ),
  );
  const attachedSets = listenerSets.filter((set) => set.faults.length === 0);
  const compare = compareListeners([listeners, ...attachedSets.map((set) => set.listeners)]);
  const clientRef = object.spec.tls?.backend?.clientCertificateRef;
  return {
    object,
    ref,
    className: object.spec.gatewayClassName,
    isDefault: object.spec.defaultScope === 'All',
    settings: parameters.settings,
    refusedAddresses: parameters.refusedAddresses,
    faults,
    warnings: [...parameters.warnings, ...selectorWarnings(object)],
    listeners: compare(listeners),
    listenerSets: listenerSets.map((set) => ({ ...set, listeners: compare(set.listeners) })),
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

/** Adds conflicts between listeners; `groups` are in order of precedence. */
function compareListeners(
  groups: readonly (readonly ListenerDraft[])[],
): (listeners: readonly ListenerDraft[]) => readonly ListenerNode[] {
  const conflicts = findConflicts(groups);
  const overlaps = findTlsOverlaps(groups.flat(), conflicts);
  return (listeners) =>
    listeners.map((listener) => ({
      ...listener,
      conflict: conflicts.get(listener) ?? null,
      overlap: overlaps.get(listener) ?? null,
    }));
}

interface Parameters extends Pick<GatewayNode, 'settings' | 'refusedAddresses'> {
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

function readParameters(object: Gateway, context: OneGateway): Parameters {
  const ofClass = context.ours?.parameters ?? null;
  const own = ownParameters(object, context);
  const settings = [ofClass?.settings ?? null, own.settings].filter((one) => one !== null);
  const refusedAddresses =
    context.options.addresses === 'infrastructure' ? externalIpsRefused(object, settings, ofClass) : [];
  const warnings = [...own.warnings, ...refusedAddresses.map(externalIpRefused)];
  return { settings, refusedAddresses, faults: own.faults, warnings };
}

interface OwnParameters {
  /** The allowed fields of the Gateway's own ProxyConfig; null without one. */
  readonly settings: ProxyConfigSettings | null;
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

function ownParameters(object: Gateway, { ours, proxyConfigs }: OneGateway): OwnParameters {
  const parameters = object.spec.infrastructure?.parametersRef;
  if (parameters === undefined) return { settings: null, faults: [], warnings: [] };
  const path = 'spec.infrastructure.parametersRef';
  const target = { ...parameters, namespace: namespaceOf(object) };
  if (ours === undefined && parameters.group !== SLUICE_GROUP) {
    return { settings: null, faults: [], warnings: [foreignParametersIgnored(path, target)] };
  }
  const found = findParameters(proxyConfigs, path, target);
  if (!found.ok) return { settings: null, faults: [found.failure], warnings: [] };
  const { settings, refused } = allowedOverrides(found.value, ours?.parameters ?? null);
  return {
    settings,
    faults: [],
    warnings: refused.length === 0 ? [] : [overridesRefused(path, target, refused)],
  };
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
  /** Whether the Gateway is accepted. */
  readonly accepted: boolean;
}

/** A ListenerSet whose listeners have not been compared with others. */
interface ListenerSetDraft extends Omit<ListenerSetNode, 'listeners'> {
  readonly listeners: readonly ListenerDraft[];
}

function readListenerSet(object: ListenerSet, context: SetContext): ListenerSetDraft {
  const ref = refOf(object, GATEWAY_GROUP);
  const owner = { ref, gateway: context.gateway, lookup: context.lookup, options: context.options };
  const listeners = object.spec.listeners.map((spec, index) => readListener(owner, spec, index));
  const faults: Fault[] = [...schemaFaults(object, 'Invalid')];
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

function selectorWarnings(gateway: Gateway): readonly Fault[] {
  const allowed = gateway.spec.allowedListeners?.namespaces;
  if (allowed?.from !== 'Selector') return [];
  const path = 'spec.allowedListeners.namespaces.selector';
  if (allowed.selector === undefined) return [selectorUnusable(path, 'it is missing.')];
  const operator = unknownOperator(allowed.selector);
  return operator === null ? [] : [selectorUnusable(path, `there is no operator ${operator}.`)];
}

/** GatewayConditionAccepted: the Gateway itself has no faults, and at least one of its own listeners is accepted. */
export const hasAcceptedListener = (listeners: readonly ListenerNode[]): boolean =>
  listeners.length === 0 ||
  listeners.some(({ acceptedFaults, conflict }) => acceptedFaults.length === 0 && conflict === null);
