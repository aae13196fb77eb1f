/** A view of manifests, fed as a control loop would feed it. */
import { GatewayView } from '../../src/admin/view/view.ts';
import type { ProcessReport } from '../../src/admin/view/status.ts';
import type { ServingProxy } from '../../src/configsync/protocol.ts';
import { HEALTHY } from '../../src/controller/reconcile-health.ts';
import { translateOptions } from '../../src/controller/translate-options.ts';
import { stateFromText } from '../../src/provider/file/load.ts';
import type { ProxyStats } from '../../src/proxy/proxy-api.ts';
import { Translator } from '../../src/translator/translate.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';

/** Gateway `web` with a ListenerSet, and Service `shop` with two endpoints. */
export const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: sluice
  allowedListeners: { namespaces: { from: Same } }
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: tenant, namespace: default }
spec:
  parentRef: { name: web }
  listeners:
    - { name: extra, protocol: HTTP, port: 8080, hostname: tenant.example }
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: default }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop-1, namespace: default, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
endpoints: [{ addresses: [10.0.0.1] }, { addresses: [10.0.0.2] }]
ports: [{ name: http, port: 8080 }]
`;

/** A route to `shop` for paths that begin with `path`. */
export const routeAt = (path: string, name = 'shop'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: default }
spec:
  parentRefs: [{ name: web }, { kind: ListenerSet, name: tenant }]
  hostnames: [shop.example, tenant.example]
  rules:
    - name: cart
      matches: [{ path: { type: PathPrefix, value: ${path} }, headers: [{ name: x-user, value: a }] }]
      filters: [{ type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: a, value: b }] } }]
      backendRefs: [{ name: shop, port: 80 }, { name: gone, port: 80, weight: 2 }]
`;

const NOW = Date.parse('2026-01-01T00:00:00Z');

const PROCESS: ProcessReport = {
  version: '1.0.0',
  startedAt: new Date(NOW).toISOString(),
  ready: true,
  notReady: null,
  reconciling: HEALTHY,
  workers: { expected: 1, serving: 1, restarts: 0, pids: [] },
};

export class ViewLab {
  readonly view: GatewayView;
  readonly #translator = new Translator(translateOptions({}));
  #revision = 0;
  nowMs = NOW;
  stats: readonly ProxyStats[] = [];

  constructor() {
    this.view = new GatewayView({
      process: () => PROCESS,
      stats: () => Promise.resolve(this.stats),
      locate: () => null,
      now: () => this.nowMs,
      logger: SILENT_LOGGER,
    });
  }

  /** `isServed`: one proxy serves all of it. */
  load(manifests: string, isServed = true): void {
    const { snapshot, findings: inputFindings } = stateFromText(manifests, 'all.yaml');
    const observations = { dataPlanes: [] };
    const result = this.#translator.translate(snapshot, observations);
    this.#revision += 1;
    const proxy = (version: string, generation: number): ServingProxy => ({
      name: 'worker 1',
      serving: isServed ? { version, generation } : null,
      ports: [],
      refused: null,
      problems: [],
      incompatible: null,
    });
    this.view.update({
      reconciled: { snapshot, inputFindings, observations, result, revision: this.#revision },
      proxies: result.configs.map(({ dataPlane, version, generation }) => ({
        dataPlane,
        expected: 1,
        proxies: [proxy(version, generation)],
      })),
      isServedByAll: isServed,
    });
  }
}
