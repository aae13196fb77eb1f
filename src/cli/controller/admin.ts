/** The admin API of the controller: the view of what it serves, on its own address. */
import { adminHandlers } from '../../admin/admin-handlers.ts';
import { EventStream } from '../../admin/api/event-stream.ts';
import { startAdminServer, type AdminServer } from '../../admin/server.ts';
import { haveTakenAll, type DataPlaneProxies } from '../../admin/view/inputs.ts';
import type { ProcessReport } from '../../admin/view/status.ts';
import { GatewayView } from '../../admin/view/view.ts';
import type { Fleet } from '../../configsync/fleet.ts';
import type { Provisioner } from '../../controller/provisioner.ts';
import type { Reconciled, ReconcileLoop } from '../../controller/reconcile-loop.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { MetricFamily } from '../../telemetry/metric-registry.ts';
import type { ListenAddress } from '../options.ts';

export interface ControllerState {
  readonly version: string;
  readonly parts: () => {
    readonly fleet: Fleet;
    readonly provisioner: Provisioner;
    readonly loop: ReconcileLoop;
  };
  /** null if ready, otherwise the reason. */
  readonly notReady: () => string | null;
  readonly metrics: () => readonly MetricFamily[];
  readonly logger: Logger;
}

export class ControllerAdmin {
  readonly view: GatewayView;
  readonly #state: ControllerState;
  readonly #events: EventStream;
  #server: AdminServer | null = null;

  constructor(state: ControllerState) {
    this.#state = state;
    const startedAt = new Date().toISOString();
    this.view = new GatewayView({
      process: () => {
        const notReady = state.notReady();
        const { health } = state.parts().loop;
        const about = { version: state.version, startedAt, ready: notReady === null, notReady };
        return { ...about, reconciling: health, workers: this.#workers() };
      },
      // Proxies expose counters on their metrics port and do not send them to the controller.
      stats: null,
      locate: () => null,
      now: () => Date.now(),
      logger: state.logger,
    });
    this.#events = new EventStream(this.view);
  }

  /** To be called after every run of the control loop. */
  reconciled(reconciled: Reconciled): void {
    const proxies = this.#proxies();
    const isServedByAll = haveTakenAll(proxies, reconciled.result.configs);
    this.view.update({ reconciled, proxies, isServedByAll });
  }

  /** `host:port` that it is bound to; null when it is off, or when binding fails, which is logged and stops nothing. */
  async open(address: ListenAddress): Promise<string | null> {
    if (address === 'off') return null;
    const { notReady, metrics, parts, logger } = this.#state;
    const handlers = adminHandlers({
      unhealthy: () => null,
      notReady,
      view: this.view,
      events: this.#events,
      configs: () => parts().fleet.configs,
      // Clients use the ports of listeners: the mapping is in front of the proxies.
      listenerPort: (dialled) => dialled,
      metrics: () => Promise.resolve(metrics()),
    });
    try {
      this.#server = await startAdminServer({ ...address, handlers, logger });
    } catch (error) {
      const { host, port } = address;
      logger.warn('admin API not started', { address: `${host}:${String(port)}`, error: String(error) });
    }
    return this.#server?.address ?? null;
  }

  async close(): Promise<void> {
    this.#events.close();
    await this.#server?.close();
  }

  #proxies(): readonly DataPlaneProxies[] {
    const { fleet, provisioner } = this.#state.parts();
    return fleet.configs.map(({ dataPlane }) => ({
      dataPlane,
      expected: provisioner.expectedOf(dataPlane),
      proxies: fleet.proxiesOf(dataPlane),
    }));
  }

  /** Proxies of all Gateways together. */
  #workers(): ProcessReport['workers'] {
    const expected = this.#proxies().reduce((sum, one) => sum + one.expected, 0);
    const serving = this.view.lists.proxies.filter(({ isCurrent }) => isCurrent).length;
    return { expected, serving, restarts: 0, pids: [] };
  }
}
