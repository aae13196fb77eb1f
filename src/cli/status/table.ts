/** The table of `sluice status`. Pure: a report in, lines out. */
import type {
  BackendReport,
  ConditionReport,
  EndpointOutReport,
  GatewayReport,
  ListenerReport,
  OtherReport,
  RouteReport,
  StatusAnswer,
  StatusReport,
} from '../../admin/status-report.ts';
import { findingLines } from '../run/summary.ts';
import { formatTable } from '../table.ts';
import type { Colors } from '../terminal.ts';
import { isAsWanted } from '../verdict.ts';

export function formatStatus(report: StatusAnswer, colors: Colors, nowMs: number): string[] {
  const context = { colors, nowMs };
  const rows = [
    ['OBJECT', 'SERVED FOR', 'CONDITIONS'].map((heading) => colors.dim(heading)),
    ...report.gateways.flatMap((gateway) => gatewayRows(gateway, context)),
    ...report.routes.flatMap((route) => routeRows(route, context)),
    ...report.others.map((other) => row(label(other), other, other.conditions, context)),
  ];
  const findings = findingLines(report.findings, colors);
  return [
    heading(report, context),
    '',
    ...formatTable(rows),
    ...backendTable(report.backends, context),
    ...(findings.length === 0 ? [] : ['', ...findings]),
  ];
}

function backendTable(backends: readonly BackendReport[], context: Context): string[] {
  if (backends.length === 0) return [];
  const { dim } = context.colors;
  const heading = ['BACKEND', 'HEALTHY', 'OUT'].map((text) => dim(text));
  return ['', ...formatTable([heading, ...backends.flatMap((backend) => backendRows(backend, context))])];
}

/** A row for each endpoint that is out; the first with the backend's name. */
function backendRows(backend: BackendReport, context: Context): string[][] {
  const { kind, namespace, name, port, endpoints, healthy, panicking, out } = backend;
  const { green, red } = context.colors;
  const count = `${String(healthy)} of ${String(endpoints)}`;
  const panic = panicking > 0 ? red(', health is ignored') : '';
  const first = [
    `${kind} ${namespace}/${name}${port === '' ? '' : `:${port}`}`,
    (healthy === endpoints && endpoints > 0 ? green(count) : red(count)) + panic,
  ];
  if (out.length === 0) return [[...first, '']];
  return out.map((endpoint, index) => [...(index === 0 ? first : ['', '']), outWords(endpoint, context)]);
}

const CAUSES: Readonly<Record<string, string>> = {
  draining: 'is draining',
  check_pending: 'has not passed a check yet',
  check_failing: 'fails its checks',
  consecutive_5xx: 'is ejected for errors in a row',
  gateway_errors: 'is ejected for gateway errors in a row',
  success_rate: 'is ejected for its success rate',
};

function outWords({ endpoint, cause, detail, since: at }: EndpointOutReport, { nowMs }: Context): string {
  const forHow = at === null ? '' : ` for ${age(at, nowMs)}`;
  return `${endpoint} ${CAUSES[cause] ?? cause}${forHow}${detail === '' ? '' : `: ${detail}`}`;
}

interface Context {
  readonly colors: Colors;
  readonly nowMs: number;
}

function heading({ version, startedAt, ready, workers }: StatusReport, { colors, nowMs }: Context): string {
  const state = ready ? colors.green('ready') : colors.red('not ready');
  const { serving, expected, restarts } = workers;
  const restarted = restarts === 0 ? '' : `, ${String(restarts)} restarted`;
  return `sluice ${version}, ${state}, up ${age(startedAt, nowMs)}, ${String(serving)} of ${String(expected)} workers serve the newest configuration${restarted}`;
}

function gatewayRows(gateway: GatewayReport, context: Context): string[][] {
  return [
    row(label(gateway), gateway, gateway.conditions, context),
    ...gateway.listeners.map((listener) => [
      `  ${describeListener(listener)}`,
      '',
      conditionWords(listener.conditions, context.colors),
    ]),
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

function routeRows(route: RouteReport, context: Context): string[][] {
  return [
    [
      label(route),
      since(route, context),
      route.parents.length === 0 ? context.colors.red('no parent is served here') : '',
    ],
    ...route.parents.map(({ parent, conditions }) => [
      `  ${parent}`,
      '',
      conditionWords(conditions, context.colors),
    ]),
  ];
}

const row = (
  name: string,
  object: Pick<OtherReport, 'servedSince'>,
  conditions: readonly ConditionReport[],
  context: Context,
): string[] => [name, since(object, context), conditionWords(conditions, context.colors)];

const label = ({ kind, namespace, name }: Pick<OtherReport, 'kind' | 'namespace' | 'name'>): string =>
  `${kind} ${namespace === '' ? name : `${namespace}/${name}`}`;

const since = ({ servedSince }: Pick<OtherReport, 'servedSince'>, { nowMs }: Context): string =>
  servedSince === null ? '-' : age(servedSince, nowMs);

function conditionWords(conditions: readonly ConditionReport[], colors: Colors): string {
  return conditions
    .map((condition) => {
      const { type, status, reason, message } = condition;
      if (isAsWanted(condition)) return colors.green(status === 'True' ? type : `${type}=${status}`);
      return colors.red(`${type}=${status} (${reason}: ${message})`);
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
