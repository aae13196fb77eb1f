/** Whether everything a gateway was given is served as asked. */
import type { StatusAnswer } from '../../admin/status-report.ts';
import { judge, judgeRoute } from '../verdict.ts';

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
    gateways.every(({ conditions }) => judge(conditions, '').good) &&
    gateways.every(({ listeners }) => listeners.every(({ conditions }) => judge(conditions, '').good)) &&
    routes.every((route) => judgeRoute(route).good) &&
    others.every(({ conditions }) => judge(conditions, '').good) &&
    backends.every(({ endpoints, healthy, unchecked }) => endpoints === 0 || healthy + unchecked > 0) &&
    findings.every(({ severity }) => severity === 'info')
  );
}
