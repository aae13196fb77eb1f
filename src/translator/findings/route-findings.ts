import type { Service } from '../../gatewayapi/core-kinds.ts';
import { GATEWAY_GROUP, namespacedName } from '../../gatewayapi/ref.ts';
import { intersectHostnames } from '../../lib/hostname.ts';
import type { Memo } from '../../lib/memo.ts';
import {
  backendInTheClear,
  externalNameServed,
  externalNameTargetPort,
  hostnameIgnored,
  hostnamesMissing,
  parentKindUnsupported,
  parentNotFound,
  parentNotServed,
  routeWithoutParent,
  ruleWithoutBackends,
} from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import { routeWithoutRules } from '../faults/match-advice.ts';
import { parentTarget } from '../graph/attachment.ts';
import { hostnameOfPoint } from '../graph/attachment-point.ts';
import type { Graph } from '../graph/graph.ts';
import type { BackendNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import { keyOf } from '../graph/object-key.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import { ruleWideFaults } from '../policy/rule-wide.ts';
import { unresolvedFaults } from '../status/route.ts';
import { corsFaults } from './cors-findings.ts';
import { matchFaults } from './match-findings.ts';
import { redirectFaults } from './redirect-findings.ts';
import type { Noted, ReportContext } from './findings.ts';
import { filterTextFaults } from './text-findings.ts';

export function reportRoutes(
  { routes, snapshot: { gateways, listenerSets } }: Graph,
  { report, defects, index }: ReportContext & { readonly index: SnapshotIndex },
  memo: Memo,
): void {
  const existing = memo.value('existing', [gateways, listenerSets], (): Existing => ({
    Gateway: new Set<string>(gateways.map(keyOf)),
    ListenerSet: new Set<string>(listenerSets.map(keyOf)),
  }));
  const notedOf = (route: RouteNode): readonly Noted[] => {
    const faults = defects.contain(
      [route.object, 'findings'],
      () => routeFaults(route, existing, index),
      () => route.rules.flatMap((rule) => [...rule.closed, ...rule.invalid]),
    );
    const external = defects.contain(
      [route.object, 'external names'],
      () => externalNames(route, index),
      () => [],
    );
    return faults.length === 0 ? external : [{ object: route.ref, faults }, ...external];
  };
  for (const { object, faults } of memo.items('noted', routes, notedOf, { inputs: [existing] })) {
    report(object, faults);
  }
}

const routeFaults = (route: RouteNode, existing: Existing, index: SnapshotIndex): readonly Fault[] => [
  ...parentFaults(route, existing),
  ...hostnameFaults(route),
  ...unresolvedFaults(route),
  ...corsFaults(route),
  ...redirectFaults(route),
  ...(route.rules.length === 0 ? [routeWithoutRules()] : []),
  ...route.rules.flatMap((rule) => [
    ...rule.closed,
    ...rule.invalid,
    ...ruleAdvice(route, rule, index),
    ...matchFaults(rule),
    ...filterTextFaults(rule),
  ]),
];

interface Existing {
  readonly Gateway: ReadonlySet<string>;
  readonly ListenerSet: ReadonlySet<string>;
}

function parentFaults(route: RouteNode, existing: Existing): readonly Fault[] {
  const { parentRefs = [], useDefaultGateways } = route.object.spec;
  if (parentRefs.length === 0 && useDefaultGateways !== 'All') return [routeWithoutParent()];
  const answered = new Map(route.parents.map((parent) => [parent.path, parent]));
  return parentRefs.flatMap((ref, index) => {
    const path = `spec.parentRefs[${index}]`;
    const parent = answered.get(path);
    if (parent !== undefined) return parent.refusal === null ? [] : [parent.refusal];
    const target = parentTarget(ref, route.ref.namespace);
    // Only a mesh attaches routes to Services.
    if (target?.kind !== 'listener') {
      return [parentKindUnsupported(path, ref.group ?? GATEWAY_GROUP, ref.kind ?? 'Gateway')];
    }
    const { kind, namespace, name } = target.ref;
    const known = kind === 'ListenerSet' ? existing.ListenerSet : existing.Gateway;
    return known.has(namespacedName(namespace, name))
      ? [parentNotServed(path, target.ref)]
      : [parentNotFound(path, target.ref)];
  });
}

/** Hostnames of an attached route that no listener serves. */
function hostnameFaults(route: RouteNode): readonly Fault[] {
  if (route.kind === 'TLSRoute' && route.hostnames.length === 0) return [hostnamesMissing()];
  const points = route.parents.flatMap((parent) => parent.points);
  if (points.length === 0) return [];
  return route.hostnames.flatMap((hostname, index) =>
    points.some((point) => intersectHostnames(hostnameOfPoint(point), hostname.toLowerCase()) !== null)
      ? []
      : [hostnameIgnored(`spec.hostnames[${index}]`, hostname)],
  );
}

function ruleAdvice(route: RouteNode, rule: RuleNode, index: SnapshotIndex): readonly Fault[] {
  const { filters, backends, path } = rule;
  // What refers to nothing may be what answers.
  const answers = filters.some(({ kind, unserved }) => kind?.answersRequests === true || unserved.length > 0);
  const isLayer7 = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';
  return [
    ...(rule.closed.length === 0 && !answers && backends.every(({ weight }) => weight === 0)
      ? [ruleWithoutBackends(`${path}.backendRefs`)]
      : []),
    ...rule.backends.flatMap((backend) => backendAdvice(backend, isLayer7, index)),
    ...ruleWideFaults(route, rule),
  ];
}

function backendAdvice(backend: BackendNode, isLayer7: boolean, index: SnapshotIndex): readonly Fault[] {
  const { upstream, path, ref } = backend;
  if (!upstream.ok || ref.kind !== 'Service') return [];
  const service = index.service(ref.namespace, ref.name);
  const port = service?.spec?.ports?.find((one) => one.port === upstream.value.port);
  const appProtocol = port?.appProtocol ?? '';
  const inTheClear = isLayer7 && upstream.value.tls === null && appProtocol.toLowerCase() === 'https';
  return [...(inTheClear ? [backendInTheClear(path, ref, appProtocol)] : [])];
}

/** Findings about ExternalName Services that the route refers to. */
function externalNames({ rules }: RouteNode, index: SnapshotIndex): readonly Noted[] {
  return rules.flatMap((rule) =>
    rule.backends.flatMap(({ ref, upstream }) => {
      const spec = ref.kind === 'Service' ? index.service(ref.namespace, ref.name)?.spec : undefined;
      if (spec?.type !== 'ExternalName' || !upstream.ok) return [];
      const faults = [externalNameServed('spec.externalName', spec.externalName ?? '')];
      return [{ object: ref, faults: [...faults, ...ignoredTargetPort(spec, upstream.value.port)] }];
    }),
  );
}

function ignoredTargetPort(spec: NonNullable<Service['spec']>, port: number): readonly Fault[] {
  const index = spec.ports?.findIndex((one) => one.port === port) ?? -1;
  const targetPort = spec.ports?.[index]?.targetPort;
  // The API server defaults it to the port.
  if (targetPort === undefined || targetPort === port) return [];
  return [externalNameTargetPort(`spec.ports[${String(index)}].targetPort`, port)];
}
