/** The table of `sluice status --public`. Pure: a report in, lines out. */
import type { StatusReport } from '../../admin/status-report.ts';
import type { Layout } from '../layout.ts';
import { formatTable } from '../table.ts';

/** Routes with rules that need no authentication. */
export const publicRoutes = ({ routes }: StatusReport): StatusReport['routes'] =>
  routes.filter(({ publicRules }) => publicRules.length > 0);

export function formatPublic(report: StatusReport, { colors, width }: Layout): string[] {
  const routes = publicRoutes(report);
  if (routes.length === 0) return ['Every route needs authentication.'];
  const heading = ['PUBLIC ROUTE', 'RULES', 'HOSTNAMES'].map((text) => colors.dim(text));
  const rows = routes.map(({ kind, namespace, name, hostnames, rules, publicRules }) => [
    `${kind} ${namespace}/${name}`,
    publicRules.length === rules ? 'all' : publicRules.join(', '),
    hostnames.length === 0 ? 'any' : hostnames.join(', '),
  ]);
  return formatTable(
    [heading, ...rows].map((cells) => ({ cells })),
    width,
  );
}
