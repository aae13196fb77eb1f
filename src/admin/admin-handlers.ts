/** What the admin API of `run` answers. Everything is read from interfaces that cannot change anything. docs/reference/admin-api.md. */
import { health, json, text, type AdminHandler } from './server.ts';
import type { BackendReport, StatusAnswer, StatusReport } from './status-report.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { MetricFamily } from '../telemetry/metric-registry.ts';
import type { RulePolicies } from '../translator/types.ts';
import { explainRequest } from './explain/explain-request.ts';
import { parseRequest } from './explain/request.ts';

export interface AdminState {
  /** null when workers answer, else what is wrong. */
  readonly unhealthy: () => string | null;
  /** null when ready, else what is missing. */
  readonly notReady: () => string | null;
  readonly status: () => StatusReport;
  readonly backends: () => Promise<readonly BackendReport[]>;
  readonly configs: () => readonly GatewayConfig[];
  /** The listener's port for one that is bound; see `listenerPortOf`. */
  readonly listenerPort: (dialled: number) => number;
  /** Where the settings of a Gateway's rules come from. */
  readonly policies: (dataPlane: DataPlaneId) => RulePolicies;
  readonly metrics: () => Promise<readonly MetricFamily[]>;
}

export function adminHandlers(state: AdminState): Readonly<Record<string, AdminHandler>> {
  return {
    '/healthz': () => health(state.unhealthy()),
    '/readyz': () => {
      const why = state.notReady();
      return why === null ? text('ready') : text(why, 503);
    },
    '/metrics': async () => {
      const families = await state.metrics();
      // Loaded by the first scrape: most runs on a laptop never see one.
      const { exposeMetrics } = await import('../telemetry/metric-registry.ts');
      const { contentType, text: body } = await exposeMetrics(families);
      return { status: 200, contentType, body };
    },
    // Keys are `Redacted`, and say so when they are written as JSON.
    '/config': () => json(state.configs()),
    '/status': async () => {
      const answer: StatusAnswer = { ...state.status(), backends: await state.backends() };
      return json(answer);
    },
    '/explain': (url) => explainQuery(url, state),
  };
}

/** `/explain?request=GET+https://shop.example/cart&header=x-user:+a`: what `sluice explain --output json` prints. */
function explainQuery(url: URL, { configs, policies, listenerPort }: AdminState): ReturnType<AdminHandler> {
  const parsed = parseRequest(url.searchParams.get('request') ?? '', url.searchParams.getAll('header'));
  if (!parsed.ok) return json({ error: parsed.message }, 400);
  const request = { ...parsed.request, port: listenerPort(parsed.request.port) };
  const explanations = configs().flatMap(
    (config) => explainRequest(config, request, policies(config.dataPlane)) ?? [],
  );
  return json(explanations);
}
