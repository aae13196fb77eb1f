/** The table of `sluice status --public`. Pure: a report in, lines out. */
import type { StatusAnswer } from '../../admin/status-report.ts';
import type { Layout } from '../layout.ts';
import { formatTable } from '../table.ts';

export function formatPublic(
  { publicRoutes: routes }: Pick<StatusAnswer, 'publicRoutes'>,
  { colors, width }: Layout,
): string[] {
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
