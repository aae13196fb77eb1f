/** Rules that proxies cannot serve although the translator found no fault. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { DataPlaneObservation } from '../observations.ts';

type RouteName = Pick<ObjectRef, 'kind' | 'namespace' | 'name'>;
type ByRule = ReadonlyMap<number, string>;

export const NO_PROBLEMS: ByRule = new Map();

export class RuleProblems {
  /** By route, then by data plane, then by the rule's index: what is wrong. */
  readonly #byRoute = new Map<string, Map<DataPlaneId, Map<number, string>>>();

  constructor(observed: readonly DataPlaneObservation[]) {
    for (const { dataPlane, problems = [] } of observed) {
      for (const { route, rule, message } of problems) this.#add(route, dataPlane, rule, message);
    }
  }

  #add(route: RouteName, dataPlane: DataPlaneId, rule: number, message: string): void {
    const key = keyOf(route);
    const byDataPlane = this.#byRoute.get(key) ?? new Map<DataPlaneId, Map<number, string>>();
    this.#byRoute.set(key, byDataPlane);
    const byRule = byDataPlane.get(dataPlane) ?? new Map<number, string>();
    byDataPlane.set(dataPlane, byRule.set(rule, message));
  }

  get isEmpty(): boolean {
    return this.#byRoute.size === 0;
  }

  isAbout(route: RouteName): boolean {
    return this.#byRoute.size > 0 && this.#byRoute.has(keyOf(route));
  }

  of(route: RouteName, dataPlane: DataPlaneId): ByRule {
    return this.#byRoute.get(keyOf(route))?.get(dataPlane) ?? NO_PROBLEMS;
  }
}

const keyOf = ({ kind, namespace, name }: RouteName): string => `${kind}/${namespace}/${name}`;
