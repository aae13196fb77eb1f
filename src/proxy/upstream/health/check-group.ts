/** All checks with one definition: each endpoint is checked once, regardless of the number of clusters. */
import type { ActiveHealthCheck } from '../../../ir/policy.ts';
import { endpointName } from '../endpoint.ts';
import type { DialTarget } from '../connector.ts';
import type { Probe } from './check-result.ts';
import { EndpointCheck, type CheckHost, type EndpointCheckDeps } from './endpoint-check.ts';

export interface CheckGroupDeps extends EndpointCheckDeps {
  readonly createProbe: (target: DialTarget) => Probe;
  /** The tenant whose slots the checks use. */
  readonly tenant: string;
}

export class CheckGroup {
  /** Key in the registry. */
  readonly key: string;
  readonly policy: ActiveHealthCheck;
  readonly #deps: CheckGroupDeps;
  readonly #checks = new Map<string, EndpointCheck>();
  /** Clusters that have it. */
  uses = 0;

  constructor(key: string, policy: ActiveHealthCheck, deps: CheckGroupDeps) {
    this.key = key;
    this.policy = policy;
    this.#deps = deps;
  }

  /** `similar`: another check of the endpoint with the same probe; its result is used until this one has its own. */
  take(target: DialTarget, host: CheckHost, similar: EndpointCheck | null): EndpointCheck {
    const name = endpointName(target);
    const known = this.#checks.get(name);
    if (known !== undefined) {
      known.hosts.add(host);
      return known;
    }
    const { tenant, createProbe } = this.#deps;
    const check = new EndpointCheck({ name, tenant }, this.policy, createProbe(target), this.#deps);
    if (similar !== null) check.inherit(similar);
    this.#checks.set(name, check);
    check.hosts.add(host);
    check.start();
    return check;
  }

  release(check: EndpointCheck, host: CheckHost): void {
    check.hosts.delete(host);
    if (check.hosts.size > 0) return;
    check.stop();
    this.#checks.delete(check.name);
  }
}
