/** Rules that proxies cannot serve though the translator found nothing wrong with them, as the world reported them. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { GatewayObservation } from '../../gatewayapi/snapshot.ts';

type RouteName = Pick<ObjectRef, 'kind' | 'namespace' | 'name'>;
type ByRule = ReadonlyMap<number, string>;

export const NO_PROBLEMS: ByRule = new Map();

export class RuleProblems {
  /** By route, then by Gateway, then by the rule's index: what is wrong. */
  readonly #byRoute = new Map<string, Map<string, Map<number, string>>>();

  constructor(gateways: readonly GatewayObservation[]) {
    for (const { namespace, name, problems = [] } of gateways) {
      for (const { route, rule, message } of problems)
        this.#add(route, `${namespace}/${name}`, rule, message);
    }
  }

  #add(route: RouteName, gateway: string, rule: number, message: string): void {
    const key = keyOf(route);
    const byGateway = this.#byRoute.get(key) ?? new Map<string, Map<number, string>>();
    this.#byRoute.set(key, byGateway);
    const byRule = byGateway.get(gateway) ?? new Map<number, string>();
    byGateway.set(gateway, byRule.set(rule, message));
  }

  get isEmpty(): boolean {
    return this.#byRoute.size === 0;
  }

  isAbout(route: RouteName): boolean {
    return this.#byRoute.size > 0 && this.#byRoute.has(keyOf(route));
  }

  of(route: RouteName, gateway: Pick<ObjectRef, 'namespace' | 'name'>): ByRule {
    return this.#byRoute.get(keyOf(route))?.get(`${gateway.namespace}/${gateway.name}`) ?? NO_PROBLEMS;
  }
}

const keyOf = ({ kind, namespace, name }: RouteName): string => `${kind}/${namespace}/${name}`;
