/** The responses of the admin API. All data comes from read-only interfaces. docs/reference/admin-api.md. */
import { answerApi, answerOtherVersion, API_PREFIX } from './api/handlers.ts';
import type { EventStream } from './api/event-stream.ts';
import { backendReports } from './backend-health.ts';
import { health, json, text, type AdminAnswer, type AdminHandler } from './server.ts';
import type { StatusAnswer } from './status-report.ts';
import type { GatewayView } from './view/view.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { MetricFamily } from '../telemetry/metric-registry.ts';
import { parseRequest } from './explain/request.ts';

export interface AdminState {
  /** null if workers respond, otherwise the problem. */
  readonly unhealthy: () => string | null;
  /** null if ready, otherwise the reason. */
  readonly notReady: () => string | null;
  readonly view: GatewayView;
  readonly events: EventStream;
  readonly configs: () => readonly GatewayConfig[];
  /** The listener's port for one that is bound; see `listenerPortOf`. */
  readonly listenerPort: (dialled: number) => number;
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
      // Loaded by the first scrape, which most runs on a laptop never get.
      const { exposeMetrics } = await import('../telemetry/metric-registry.ts');
      const { contentType, text: body } = await exposeMetrics(families);
      return { status: 200, contentType, body };
    },
    // Private keys are `Redacted`: their JSON shows no key.
    '/config': () => json(state.configs()),
    '/status': async () => {
      const { view } = state;
      await view.refresh();
      // Loaded by the first question, like the filters of explanations.
      const { publicRoutes } = await import('./public-routes.ts');
      const { status } = view;
      const answer: StatusAnswer = {
        ...status,
        publicRoutes: publicRoutes(status.routes, state.configs()),
        backends: backendReports(view.health),
      };
      return json(answer);
    },
    '/explain': ({ url }) => explainQuery(url, state),
    [`${API_PREFIX}events`]: (request) => state.events.answer(request),
    [API_PREFIX]: (request) => answerApi(state.view, request),
    '/api/': answerOtherVersion,
  };
}

/** `/explain?request=GET+https://shop.example/cart&header=x-user:+a`: what `sluice explain --output json` prints. */
async function explainQuery(url: URL, { configs, view, listenerPort }: AdminState): Promise<AdminAnswer> {
  const parsed = parseRequest(url.searchParams.get('request') ?? '', url.searchParams.getAll('header'));
  if (!parsed.ok) return json({ error: parsed.message }, 400);
  // Loaded by the first question: it brings the router and every filter, which a controller needs for nothing else.
  const { explainRequest } = await import('./explain/explain-request.ts');
  const request = { ...parsed.request, port: listenerPort(parsed.request.port) };
  const explanations = configs().flatMap(
    (config) => explainRequest(config, request, view.policiesOf(config.dataPlane)) ?? [],
  );
  return json(explanations);
}
