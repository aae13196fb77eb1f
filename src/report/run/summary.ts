/** The live summary of `run`: first everything, then changes. Pure: a report in, lines out. */
import type { FindingReport } from '../../admin/api/resources.ts';
import type { GatewayReport, ListenerReport, RouteReport, StatusReport } from '../../admin/status-report.ts';
import { countOf } from '../../lib/plural.ts';
import { findingLines, placeOf } from '../finding-lines.ts';
import { wrap, type Layout } from '../layout.ts';
import { formatTable, type TableRow } from '../table.ts';
import type { Colors } from '../terminal.ts';
import { routeVerdict, verdictOf, type Verdict } from '../verdict.ts';
import { curlLine, urlOf } from './curl-line.ts';

/** More rows than a screen holds do not help; `sluice status` prints all. */
const ROW_LIMIT = 24;
/** Maximum number of solved findings that are listed individually. */
const SOLVED_LIMIT = 1;

const name = ({ namespace, name: own }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? own : `${namespace}/${own}`;

export function fullSummary(report: StatusReport, layout: Layout): string[] {
  const { colors, width } = layout;
  const said = new Set(report.findings.map(({ message }) => message));
  const curl = curlLine(report);
  return [
    ...gatewayLines(report.gateways, layout, said),
    '',
    ...routeLines(report.routes, layout, said),
    ...(report.findings.length === 0 ? [] : ['', ...findingLines(report.findings, layout)]),
    '',
    ...wrap(tally(report, colors), width, ''),
    ...(curl === null ? [] : [`try: ${curl}`]),
  ];
}

function gatewayLines(
  gateways: readonly GatewayReport[],
  layout: Layout,
  said: ReadonlySet<string>,
): string[] {
  if (gateways.length === 0) return [layout.colors.yellow('no Gateway is served')];
  return limited(
    gateways.flatMap((gateway) => gatewayRows(gateway, layout.colors, said)),
    layout,
  );
}

/** A row for each listener with its own verdict. The Gateway's verdict follows when no listener accounts for it. */
function gatewayRows(gateway: GatewayReport, colors: Colors, said: ReadonlySet<string>): TableRow[] {
  const label = `${gateway.kind} ${name(gateway)}`;
  const verdicts = gateway.listeners.map(({ conditions }) => verdictOf(conditions, 'programmed'));
  const rows = gateway.listeners.map((listener, index) => {
    const { attachedRoutes } = listener;
    const cells = [
      label,
      listener.name,
      where(listener),
      listener.hostname === '' ? 'any host' : listener.hostname,
      `${String(attachedRoutes)} ${attachedRoutes === 1 ? 'route' : 'routes'}`,
    ];
    return rowOf(cells, verdicts[index] ?? NOTHING_SAID, colors, said);
  });
  const own = verdictOf(gateway.conditions, 'programmed');
  if (rows.length > 0 && (own.good || verdicts.some(({ good }) => !good))) return rows;
  return [...rows, rowOf([label, '', '', '', ''], own, colors, said)];
}

const NOTHING_SAID: Verdict = { word: '', good: true, why: '' };

/** The reason below the row, unless a finding says it. */
function rowOf(
  cells: readonly string[],
  { word, good, why }: Verdict,
  colors: Colors,
  said: ReadonlySet<string>,
): TableRow {
  const painted = good ? colors.green(word) : colors.red(word);
  return { cells: [...cells, painted], below: good || why === '' || said.has(why) ? [] : [why] };
}

/** The address for clients: a URL if the protocol has one. */
function where(listener: ListenerReport): string {
  const { protocol, port, bound } = listener;
  const [socket] = bound;
  if (socket === undefined) return `${protocol} ${String(port)}`;
  const url = urlOf(listener);
  if (url !== null) return url;
  const isAny = ['', '::', '0.0.0.0'].includes(socket.address);
  return `${isAny ? 'localhost' : socket.address}:${String(socket.port)} (${protocol})`;
}

function routeLines(routes: readonly RouteReport[], layout: Layout, said: ReadonlySet<string>): string[] {
  const { colors } = layout;
  if (routes.length === 0) return [colors.dim('no routes')];
  const rows = routes.map((route) => {
    const cells = [
      `${route.kind} ${name(route)}`,
      route.hostnames.length === 0 ? 'any host' : route.hostnames.join(', '),
      `${String(route.rules)} ${route.rules === 1 ? 'rule' : 'rules'}`,
    ];
    return rowOf(cells, routeVerdict(route), colors, said);
  });
  return limited(rows, layout);
}

function limited(rows: readonly TableRow[], { colors, width }: Layout): string[] {
  const lines = formatTable(rows.slice(0, ROW_LIMIT), width);
  const more = rows.length - ROW_LIMIT;
  return more > 0 ? [...lines, colors.dim(`… and ${String(more)} more: sluice status`)] : lines;
}

function paint({ word, good, why }: Verdict, colors: Colors): string {
  return good ? colors.green(word) : `${colors.red(word)}${why === '' ? '' : `: ${why}`}`;
}

function tally({ gateways, routes, findings }: StatusReport, colors: Colors): string {
  const unbound = gateways.flatMap(({ listeners }) => listeners.filter(isUnbound)).length;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const problems = [
    ...(unbound === 0 ? [] : [colors.red(`${countOf(unbound, 'listener')} not bound`)]),
    ...(errors === 0 ? [] : [colors.red(countOf(errors, 'error'))]),
    ...(warnings === 0 ? [] : [colors.yellow(countOf(warnings, 'warning'))]),
  ];
  const objects = [
    countOf(gateways.filter(({ kind }) => kind === 'Gateway').length, 'Gateway'),
    countOf(routes.length, 'route'),
  ];
  return [...objects, ...(problems.length === 0 ? [colors.green('no problems')] : problems)].join(', ');
}

const isUnbound = ({ conditions }: ListenerReport): boolean =>
  conditions.some(({ type, reason }) => type === 'Programmed' && reason === 'PortUnavailable');

/** The changes from one report to the next; empty if nothing visible changed. */
export function changedLines(before: StatusReport, after: StatusReport, layout: Layout): string[] {
  return [
    ...objectChanges(before, after, layout),
    ...findingLines(newFindings(before, after), layout),
    ...solvedLines(before, after, layout),
  ].slice(0, ROW_LIMIT * 2);
}

/** Findings that were not there before. */
export const newFindings = (before: StatusReport, after: StatusReport): readonly FindingReport[] =>
  missingFrom(after.findings, before.findings);

function solvedLines(before: StatusReport, after: StatusReport, { colors, width }: Layout): string[] {
  const solved = missingFrom(before.findings, after.findings);
  if (solved.length === 0) return [];
  const label = colors.green('solved');
  if (solved.length > SOLVED_LIMIT) {
    const all = before.findings.length;
    return [
      `${label}: ${solved.length === all ? `all ${String(all)}` : `${String(solved.length)} of ${String(all)}`}`,
    ];
  }
  return solved.flatMap((finding) => wrap(`${label} ${placeOf(finding)}${finding.message}`, width, '    '));
}

interface Described {
  readonly label: string;
  readonly generation: number;
  readonly verdict: Verdict;
}

export function objectChanges(
  before: StatusReport,
  after: StatusReport,
  { colors, width }: Layout,
): string[] {
  const old = new Map(describeAll(before).map((one) => [one.label, one]));
  const lines: string[] = [];
  for (const one of describeAll(after)) {
    const last = old.get(one.label);
    old.delete(one.label);
    if (last === undefined) lines.push(`${colors.green('+')} ${one.label} ${paint(one.verdict, colors)}`);
    else if (last.generation !== one.generation || !sameVerdict(last.verdict, one.verdict))
      lines.push(`${colors.cyan('~')} ${one.label} ${paint(one.verdict, colors)}`);
  }
  const removed = [...old.keys()].map((label) => `${colors.red('-')} ${label}`);
  return [...lines, ...removed, ...newAddresses(before, after, colors)].flatMap((line) =>
    wrap(line, width, '    '),
  );
}

/** Addresses of listeners that were not bound before. */
function newAddresses(before: StatusReport, after: StatusReport, colors: Colors): string[] {
  const known = new Set(boundListeners(before));
  return boundListeners(after)
    .filter((listener) => !known.has(listener))
    .map((listener) => `${colors.green('+')} ${listener}`);
}

const boundListeners = ({ gateways }: StatusReport): string[] =>
  gateways.flatMap((gateway) =>
    gateway.listeners
      .filter(({ bound }) => bound.length > 0)
      .map((listener) => `${gateway.kind} ${name(gateway)} ${listener.name} on ${where(listener)}`),
  );

const sameVerdict = (a: Verdict, b: Verdict): boolean => a.word === b.word && a.why === b.why;

function describeAll({ gateways, routes, others }: StatusReport): Described[] {
  const label = (object: {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
  }): string => `${object.kind} ${name(object)}`;
  return [
    ...gateways.map((gateway) => ({
      label: label(gateway),
      generation: gateway.generation,
      // Listeners first: their reasons describe the problem, the Gateway's only lists them.
      verdict: verdictOf(
        [...gateway.listeners.flatMap(({ conditions }) => conditions), ...gateway.conditions],
        'programmed',
      ),
    })),
    ...routes.map((route) => ({
      label: label(route),
      generation: route.generation,
      verdict: routeVerdict(route),
    })),
    ...others.map((other) => ({
      label: label(other),
      generation: other.generation,
      verdict: verdictOf(other.conditions, 'accepted'),
    })),
  ];
}

/** Findings of `all` that are not in `known`, compared by content, not position, because lines move. */
function missingFrom(all: readonly FindingReport[], known: readonly FindingReport[]): FindingReport[] {
  const keys = new Set(known.map(findingKey));
  return all.filter((finding) => !keys.has(findingKey(finding)));
}

const findingKey = ({ code, object, path, message }: FindingReport): string =>
  JSON.stringify([code, object, path, message]);
