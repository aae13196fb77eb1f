/** All statuses of the graph. */
import type { DataPlaneObservation, Observations } from '../observations.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { gatewayDataPlane, type DataPlaneId } from '../../ir/data-plane-id.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import type { Defects } from '../contain.ts';
import type { Graph } from '../graph/graph.ts';
import type { RouteNode } from '../graph/nodes.ts';
import { extensionStatus } from './extension.ts';
import { policyStatus } from '../policy/status.ts';
import { ancestorsOf } from '../policy/ancestors.ts';
import { gatewayClassStatus } from './gateway-class.ts';
import { gatewayStatuses } from './gateway.ts';
import { proxyConfigStatus } from './proxy-config.ts';
import { routeStatus, type ProblemsOf } from './route.ts';
import { xBackendStatus } from './xbackend.ts';
import { NO_PROBLEMS, RuleProblems } from './rule-problems.ts';

/** An object that has a status. */
type StatusObject = Parameters<Defects['contain']>[0][0];

export interface StatusOptions {
  readonly controllerName: string;
  readonly defects: Defects;
}

/** All statuses, by kind and name. One that is equal to the last one of its object stays the same object. */
export function statusesOf(
  graph: Graph,
  observations: Observations,
  options: StatusOptions,
  memo: Memo,
): readonly StatusUpdate[] {
  const computed = [
    ...statusesOfGateways(graph, observations, options),
    ...statusesOfRoutes(graph, new RuleProblems(observations.dataPlanes), { options, memo }),
    ...statusesOfPolicies(graph, observations, options),
  ];
  const updates = memo.list('updates', computed, {
    keyOf: identity,
    derive: (update) => update,
    reuse: reuseIfEqual,
  });
  return memo.sorted('sorted', updates, (a, b) => compareText(identity(a), identity(b)));
}

/** No status is written for an object whose status cannot be computed; a finding says so. */
const statusOf = (
  object: StatusObject,
  { defects }: StatusOptions,
  compute: () => readonly StatusUpdate[],
): readonly StatusUpdate[] => defects.contain([object, 'status'], compute, () => []);

function statusesOfGateways(
  { proxyConfigs, classes, gateways, attachments, policyEffects }: Graph,
  observations: Observations,
  options: StatusOptions,
): readonly StatusUpdate[] {
  const observed = observedBy(observations);
  return [
    ...[...proxyConfigs.values()].flatMap((node) =>
      statusOf(node.object, options, () => [proxyConfigStatus(node)]),
    ),
    ...classes.flatMap((node) =>
      statusOf(node.object, options, () => [gatewayClassStatus(node, observations)]),
    ),
    ...gateways.flatMap((gateway) =>
      statusOf(gateway.object, options, () =>
        gatewayStatuses(gateway, {
          observation: observed.get(gatewayDataPlane(gateway.ref)) ?? null,
          attachments,
          policies: policyEffects.affecting(gateway, gateway.ref),
        }),
      ),
    ),
  ];
}

function statusesOfPolicies(
  graph: Graph,
  observations: Observations,
  options: StatusOptions,
): readonly StatusUpdate[] {
  const { controllerName } = options;
  const ancestors = ancestorsOf(graph);
  const observed = observedBy(observations);
  const context = { graph, controllerName, observed, ancestors };
  return [
    ...graph.policies.nodes.flatMap((node) =>
      statusOf(node.object, options, () => [policyStatus(node, context)]),
    ),
    ...[...graph.backends.values()].flatMap((node) =>
      statusOf(node.object, options, () => [
        xBackendStatus(node, { controllerName, usage: ancestors.usage }),
      ]),
    ),
    ...[...graph.extensions.values()].flatMap((node) =>
      statusOf(node.object, options, () => [extensionStatus(node)]),
    ),
  ];
}

const observedBy = ({ dataPlanes }: Observations): ReadonlyMap<DataPlaneId, DataPlaneObservation> =>
  new Map(dataPlanes.map((entry) => [entry.dataPlane, entry]));

/**
 * A route's status depends on the route, on the policies that affect it, and on rules that proxies cannot serve. Usually there are neither, and
 * it depends on the route alone.
 */
function statusesOfRoutes(
  { routes, policyEffects: effects }: Graph,
  problems: RuleProblems,
  { options, memo }: { readonly options: StatusOptions; readonly memo: Memo },
): readonly StatusUpdate[] {
  const { controllerName } = options;
  const own = (route: RouteNode): StatusUpdate =>
    routeStatus(route, { controllerName, effects, problemsOf: () => NO_PROBLEMS });
  const contained = (route: RouteNode, compute: () => StatusUpdate): readonly StatusUpdate[] =>
    statusOf(route.object, options, () => [compute()]);
  if (effects.isEmpty && problems.isEmpty) {
    return memo.items('routes', routes, (route) => contained(route, () => own(route)));
  }
  return routes.flatMap((route) =>
    contained(route, () => {
      const { ref, parents } = route;
      if (problems.isAbout(ref)) {
        const problemsOf: ProblemsOf = (dataPlane) => problems.of(ref, dataPlane);
        return routeStatus(route, { controllerName, effects, problemsOf });
      }
      const policies = parents.flatMap(({ owner }) => effects.affecting(route, owner));
      return memo.valueFor('affected', route, policies, () => own(route));
    }),
  );
}

const identity = ({ kind, object }: StatusUpdate): string => [kind, object.namespace, object.name].join('/');
