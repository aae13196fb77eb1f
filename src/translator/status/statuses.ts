/** All statuses of the graph. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { Observations } from '../observations.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { gatewayDataPlane } from '../../ir/data-plane-id.ts';
import { compareText } from '../../lib/compare.ts';
import { DerivedItems } from '../../lib/derived-items.ts';
import { reuseIfSameItems, reuseIfEqual } from '../../lib/reuse.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { SortedList } from '../../lib/sorted-list.ts';
import type { Defects } from '../contain.ts';
import type { Graph } from '../graph/graph.ts';
import type { RouteNode } from '../graph/nodes.ts';
import type { PolicyEffects } from '../policy/effects.ts';
import { policyStatus } from '../policy/status.ts';
import { Ancestors } from '../policy/ancestors.ts';
import { indexUsage } from '../policy/backend-usage.ts';
import { gatewayClassStatus } from './gateway-class.ts';
import { gatewayStatuses } from './gateway.ts';
import { proxyConfigStatus } from './proxy-config.ts';
import { routeStatus } from './route.ts';
import { xBackendStatus } from './xbackend.ts';
import { NO_PROBLEMS, RuleProblems } from './rule-problems.ts';

/** An object that has a status. */
type StatusObject = Parameters<Defects['contain']>[0][0];

interface RouteStatus {
  readonly policies: readonly ObjectRef[];
  readonly update: StatusUpdate;
}

/** All statuses, kept between translations: an unchanged status stays the same object. */
export class StatusTable {
  readonly #controllerName: string;
  readonly #defects: Defects;
  readonly #ofRoutes = new WeakMap<RouteNode, RouteStatus>();
  /** Statuses of routes that depend on nothing but the route. */
  readonly #plain = new DerivedItems<RouteNode, StatusUpdate>();
  readonly #sorted = new SortedList<StatusUpdate>((a, b) => compareText(identity(a), identity(b)));
  /** The statuses as computed, before equal ones are replaced by their previous objects. */
  #computed: readonly StatusUpdate[] = [];
  /** The previous object that replaces a computed status, where both are equal. */
  readonly #kept = new Map<StatusUpdate, StatusUpdate>();

  constructor(controllerName: string, defects: Defects) {
    this.#controllerName = controllerName;
    this.#defects = defects;
  }

  /** Sorted by kind and name; the same array until something changes. */
  update(graph: Graph, observations: Observations): readonly StatusUpdate[] {
    const before = this.#computed;
    this.#computed = this.#compute(graph, observations);
    const { removed, added } = diffByIdentity(before, this.#computed);
    const gone = new Map(removed.map((update) => [identity(update), this.#kept.get(update) ?? update]));
    for (const update of removed) this.#kept.delete(update);
    const come: StatusUpdate[] = [];
    for (const update of added) {
      const key = identity(update);
      const known = gone.get(key);
      if (known === undefined || reuseIfEqual(known, update) !== known) come.push(update);
      else {
        this.#kept.set(update, known);
        gone.delete(key);
      }
    }
    return this.#sorted.change([...gone.values()], come);
  }

  /** Usually there are no policies and no rule problems: then a route's status depends on the route alone. */
  #routeStatuses({ routes, policyEffects: effects }: Graph, problems: RuleProblems): readonly StatusUpdate[] {
    if (!effects.isEmpty || !problems.isEmpty) {
      return routes.flatMap((route) =>
        this.#of(route.object, () => [this.#routeStatus(route, effects, problems)]),
      );
    }
    const context = { controllerName: this.#controllerName, effects, problemsOf: () => NO_PROBLEMS };
    return this.#plain.update(routes, (route) => this.#of(route.object, () => [routeStatus(route, context)]));
  }

  /** A route's status depends on the route and the policies that affect it, and on rule problems that proxies report. */
  #routeStatus(route: RouteNode, effects: PolicyEffects, problems: RuleProblems): StatusUpdate {
    const { ref } = route;
    const context = { controllerName: this.#controllerName, effects };
    if (problems.isAbout(ref)) {
      return routeStatus(route, { ...context, problemsOf: (dataPlane) => problems.of(ref, dataPlane) });
    }
    const policies = route.parents.flatMap(({ owner }) => effects.affecting(route.ref, owner));
    const known = this.#ofRoutes.get(route);
    if (known !== undefined && reuseIfSameItems(known.policies, policies) === known.policies)
      return known.update;
    const update = routeStatus(route, { ...context, problemsOf: () => NO_PROBLEMS });
    this.#ofRoutes.set(route, { policies, update });
    return update;
  }

  /** If the status of an object cannot be computed, none is written, and a finding reports the defect. */
  #of(object: StatusObject, compute: () => readonly StatusUpdate[]): readonly StatusUpdate[] {
    return this.#defects.contain([object, 'status'], compute, () => []);
  }

  #compute(graph: Graph, observations: Observations): readonly StatusUpdate[] {
    const { dataPlanes } = observations;
    const observed = new Map(dataPlanes.map((entry) => [entry.dataPlane, entry]));
    const controllerName = this.#controllerName;
    const usage = indexUsage(graph);
    const ofPolicies = { graph, controllerName, observed, ancestors: new Ancestors(graph, usage) };
    const { policyEffects } = graph;
    const problems = new RuleProblems(dataPlanes);
    const ofGateways = [
      ...[...graph.proxyConfigs.values()].flatMap((node) =>
        this.#of(node.object, () => [proxyConfigStatus(node)]),
      ),
      ...graph.classes.flatMap((node) =>
        this.#of(node.object, () => [gatewayClassStatus(node, observations)]),
      ),
      ...graph.gateways.flatMap((gateway) =>
        this.#of(gateway.object, () =>
          gatewayStatuses(gateway, {
            observation: observed.get(gatewayDataPlane(gateway.ref)) ?? null,
            attachments: graph.attachments,
            policies: policyEffects.affecting(gateway.ref, gateway.ref),
          }),
        ),
      ),
    ];
    const ofAttached = [
      ...graph.policies.nodes.flatMap((node) =>
        this.#of(node.object, () => [policyStatus(node, ofPolicies)]),
      ),
      ...[...graph.backends.values()].flatMap((node) =>
        this.#of(node.object, () => [xBackendStatus(node, { controllerName, usage })]),
      ),
    ];
    return ofGateways.concat(this.#routeStatuses(graph, problems), ofAttached);
  }
}

const identity = ({ kind, object }: StatusUpdate): string => [kind, object.namespace, object.name].join('/');
