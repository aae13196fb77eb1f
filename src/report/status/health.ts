/** Whether a gateway serves its whole configuration. */
import type { StatusAnswer } from '../../admin/status-report.ts';
import { routeVerdict, verdictOf } from '../verdict.ts';

export function isHealthy({
  ready,
  workers,
  gateways,
  routes,
  others,
  findings,
  backends,
}: StatusAnswer): boolean {
  return (
    ready &&
    workers.serving >= workers.expected &&
    gateways.every(({ conditions }) => verdictOf(conditions, '').good) &&
    gateways.every(({ listeners }) => listeners.every(({ conditions }) => verdictOf(conditions, '').good)) &&
    routes.every((route) => routeVerdict(route).good) &&
    others.every(({ conditions }) => verdictOf(conditions, '').good) &&
    backends.every(({ endpoints, healthy, unchecked }) => endpoints === 0 || healthy + unchecked > 0) &&
    findings.every(({ severity }) => severity === 'info')
  );
}
