/** The inputs of the view. They are the same for `sluice run` and the controller: both translate, and both have proxies. */
import type { ServingProxy } from '../../configsync/protocol.ts';
import type { Reconciled } from '../../controller/reconcile-loop.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';

/** The proxies of one data plane. */
export interface DataPlaneProxies {
  readonly dataPlane: DataPlaneId;
  /** The expected number. */
  readonly expected: number;
  readonly proxies: readonly ServingProxy[];
}

/** Whether the proxies of every data plane, as many as there should be, serve its configuration or have refused it. */
export const haveTakenAll = (all: readonly DataPlaneProxies[], configs: readonly GatewayConfig[]): boolean =>
  configs.every(({ dataPlane, version }) => {
    const found = all.find((one) => one.dataPlane === dataPlane);
    if (found === undefined) return false;
    const taken = found.proxies.filter(
      ({ serving, refused }) => serving?.version === version || refused !== null,
    );
    return taken.length >= Math.max(1, found.expected) && taken.length === found.proxies.length;
  });

/** The results of one run of the control loop. */
export interface ViewInput {
  readonly reconciled: Reconciled;
  readonly proxies: readonly DataPlaneProxies[];
  /** Whether every proxy has taken the configuration of `reconciled`. */
  readonly isServedByAll: boolean;
}
