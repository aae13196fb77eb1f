/** The table of `sluice status`. Pure: a report in, lines out. */
import type { ConditionReport } from '../../admin/api/resources.ts';
import type {
  BackendReport,
  EndpointOutReport,
  GatewayReport,
  ListenerReport,
  OtherReport,
  RouteReport,
  StatusAnswer,
  StatusReport,
} from '../../admin/status-report.ts';
import { findingLines } from '../finding-lines.ts';
import { wrap, type Layout } from '../layout.ts';
import { formatTable, type TableRow } from '../table.ts';
import type { Colors } from '../terminal.ts';
import { isAsWanted } from '../verdict.ts';

interface Context extends Layout {
  readonly nowMs: number;
  /** Messages of findings, which are printed below the tables and not repeated in them. */
  readonly said: ReadonlySet<string>;
}

export function formatStatus(report: StatusAnswer, layout: Layout, nowMs: number): string[] {
  const { colors, width } = layout;
  const said = new Set(report.findings.map(({ message }) => message));
  const context: Context = { ...layout, nowMs, said };
  const rows = [
    { cells: ['OBJECT', 'SERVED FOR', 'CONDITIONS'].map((heading) => colors.dim(heading)) },
    ...report.gateways.flatMap((gateway) => gatewayRows(gateway, context)),
    ...report.routes.flatMap((route) => routeRows(route, context)),
    ...report.others.map((other) => row(label(other), since(other, context), other.conditions, context)),
  ];
  const findings = findingLines(report.findings, layout);
  return [
    ...wrap(heading(report, context), width, '  '),
    '',
    ...formatTable(rows, width),
    ...backendTable(report.backends, context),
    ...(findings.length === 0 ? [] : ['', ...findings]),
  ];
}

function backendTable(backends: readonly BackendReport[], context: Context): string[] {
  if (backends.length === 0) return [];
  const { dim } = context.colors;
  const heading = { cells: ['BACKEND', 'HEALTHY ENDPOINTS'].map((text) => dim(text)) };
  const rows = [heading, ...backends.map((backend) => backendRow(backend, context))];
  return ['', ...formatTable(rows, context.width)];
}

/** Lists unhealthy endpoints below the row, each with its cause. */
function backendRow(backend: BackendReport, context: Context): TableRow {
  const { kind, namespace, name, port, endpoints, healthy, unchecked, panicking, out } = backend;
  const { dim, green, red } = context.colors;
  const count = `${String(healthy)} of ${String(endpoints)}`;
  const isGood = out.length === 0 && endpoints > 0;
  const unknown = unchecked > 0 ? dim(`, ${String(unchecked)} not checked`) : '';
  const panic = panicking > 0 ? red(', health is ignored') : '';
  const cells = [
    `${kind} ${namespace}/${name}${port === '' ? '' : `:${port}`}`,
    (isGood ? green(count) : red(count)) + unknown + panic,
  ];
  return { cells, below: out.map((endpoint) => outWords(endpoint, context)) };
}

const CAUSES: Readonly<Record<string, string>> = {
  draining: 'is draining',
  check_pending: 'has not passed a check yet',
  check_failing: 'fails its checks',
  consecutive_5xx: 'is ejected for errors in a row',
  gateway_errors: 'is ejected for gateway errors in a row',
  success_rate: 'is ejected for its success rate',
  connect_failed: 'accepts no connection',
};

function outWords({ endpoint, cause, detail, since: at }: EndpointOutReport, { nowMs }: Context): string {
  const forHow = at === null ? '' : ` for ${age(at, nowMs)}`;
  return `${endpoint} ${CAUSES[cause] ?? cause}${forHow}${detail === '' ? '' : `: ${detail}`}`;
}

function heading(
  { version, startedAt, notReady, workers }: StatusReport,
  { colors, nowMs }: Context,
): string {
  const state = notReady === null ? colors.green('ready') : colors.red(`not ready (${notReady})`);
  const { serving, expected, restarts } = workers;
  const restarted = restarts === 0 ? '' : `, ${String(restarts)} restarted`;
  return `sluice ${version}, ${state}, up ${age(startedAt, nowMs)}, ${String(serving)} of ${String(expected)} workers serve the newest configuration${restarted}`;
}

function gatewayRows(gateway: GatewayReport, context: Context): TableRow[] {
  return [
    row(label(gateway), since(gateway, context), gateway.conditions, context),
    ...gateway.listeners.map((listener) =>
      row(`  ${describeListener(listener)}`, '', listener.conditions, context),
    ),
  ];
}

function describeListener({ name, protocol, port, hostname, bound, attachedRoutes }: ListenerReport): string {
  const sockets = bound.map(
    (socket) => `${socket.address === '' ? '*' : socket.address}:${String(socket.port)}`,
  );
  const where = sockets.length === 0 ? 'not bound' : `on ${sockets.join(', ')}`;
  const routes = `${String(attachedRoutes)} ${attachedRoutes === 1 ? 'route' : 'routes'}`;
  return `${name} ${protocol} ${String(port)} ${where}${hostname === '' ? '' : `, ${hostname}`}, ${routes}`;
}

function routeRows(route: RouteReport, context: Context): TableRow[] {
  const { red } = context.colors;
  const isUnattached = route.parents.length === 0;
  return [
    { cells: [label(route), since(route, context), isUnattached ? red('no parent is served here') : ''] },
    ...route.parents.map(({ parent, conditions }) => row(`  ${parent}`, '', conditions, context)),
  ];
}

/** One word per condition; the message of a bad one once below, unless a finding has it. */
function row(
  name: string,
  servedFor: string,
  conditions: readonly ConditionReport[],
  { colors, said }: Context,
): TableRow {
  const bad = conditions.filter((condition) => !isAsWanted(condition));
  const messages = new Set(bad.map(({ message }) => message).filter((message) => !said.has(message)));
  return { cells: [name, servedFor, conditionWords(conditions, colors)], below: [...messages] };
}

const label = ({ kind, namespace, name }: Pick<OtherReport, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;

const since = ({ servedSince }: Pick<OtherReport, 'servedSince'>, { nowMs }: Context): string =>
  servedSince === null ? '-' : age(servedSince, nowMs);

/** A condition that should be False (Conflicted) is omitted. */
function conditionWords(conditions: readonly ConditionReport[], colors: Colors): string {
  return conditions
    .flatMap((condition) => {
      const { type, status, reason } = condition;
      if (!isAsWanted(condition)) return colors.red(`${type}=${status} (${reason})`);
      return status === 'False' ? [] : colors.green(status === 'True' ? type : `${type}=${status}`);
    })
    .join(' ');
}

const UNITS = [
  { seconds: 86_400, letter: 'd' },
  { seconds: 3_600, letter: 'h' },
  { seconds: 60, letter: 'm' },
  { seconds: 1, letter: 's' },
] as const;

/** The two largest units: `3d4h`, `12s`. */
function age(since: string, nowMs: number): string {
  let rest = Math.max(0, Math.floor((nowMs - Date.parse(since)) / 1000));
  const parts: string[] = [];
  for (const { seconds, letter } of UNITS) {
    const amount = Math.floor(rest / seconds);
    rest -= amount * seconds;
    if (amount > 0) parts.push(`${String(amount)}${letter}`);
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join('');
}
