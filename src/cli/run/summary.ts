/** The live summary of `run`: everything at first, then what changed. Pure: a report in, lines out. */
import type {
  FindingReport,
  GatewayReport,
  ListenerReport,
  RouteReport,
  StatusReport,
} from '../../admin/status-report.ts';
import { formatTable } from '../table.ts';
import type { Colors } from '../terminal.ts';
import { judge, judgeRoute, type Verdict } from '../verdict.ts';

/** More rows than a screen holds help nobody; `sluice status` has them all. */
const ROW_LIMIT = 24;

const name = ({ namespace, name: own }: { readonly namespace: string; readonly name: string }): string =>
  namespace === '' ? own : `${namespace}/${own}`;

export function fullSummary(report: StatusReport, colors: Colors): string[] {
  return [
    ...gatewayLines(report.gateways, colors),
    '',
    ...routeLines(report.routes, colors),
    ...(report.findings.length === 0 ? [] : ['', ...findingLines(report.findings, colors)]),
    '',
    tally(report, colors),
  ];
}

function gatewayLines(gateways: readonly GatewayReport[], colors: Colors): string[] {
  if (gateways.length === 0) return [colors.yellow('no Gateway to serve')];
  const rows = gateways.flatMap((gateway) => {
    if (gateway.listeners.length > 0) {
      return gateway.listeners.map((listener) => [
        `${gateway.kind} ${name(gateway)}`,
        listener.name,
        where(listener),
        listener.hostname === '' ? 'any host' : listener.hostname,
        `${String(listener.attachedRoutes)} ${listener.attachedRoutes === 1 ? 'route' : 'routes'}`,
        paint(judge([...listener.conditions, ...gateway.conditions], 'programmed'), colors),
      ]);
    }
    return [
      [
        `${gateway.kind} ${name(gateway)}`,
        '',
        '',
        '',
        '',
        paint(judge(gateway.conditions, 'programmed'), colors),
      ],
    ];
  });
  return limited(rows, colors);
}

/** Where users dial: a URL where the protocol has one. */
function where({ protocol, port, bound }: ListenerReport): string {
  const scheme = SCHEMES[protocol];
  const [socket] = bound;
  if (socket === undefined) return `${protocol} ${String(port)}`;
  const host = isAny(socket.address) ? 'localhost' : bracketed(socket.address);
  return scheme === undefined
    ? `${host}:${String(socket.port)} (${protocol})`
    : `${scheme}://${host}${socket.port === DEFAULT_PORTS[scheme] ? '' : `:${String(socket.port)}`}`;
}

const SCHEMES: Readonly<Record<string, 'http' | 'https' | undefined>> = { HTTP: 'http', HTTPS: 'https' };
const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const isAny = (address: string): boolean => address === '' || address === '::' || address === '0.0.0.0';
const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);

function routeLines(routes: readonly RouteReport[], colors: Colors): string[] {
  if (routes.length === 0) return [colors.dim('no routes')];
  const rows = routes.map((route) => [
    `${route.kind} ${name(route)}`,
    route.hostnames.length === 0 ? 'any host' : route.hostnames.join(', '),
    `${String(route.rules)} ${route.rules === 1 ? 'rule' : 'rules'}`,
    paint(judgeRoute(route), colors),
  ]);
  return limited(rows, colors);
}

function limited(rows: readonly (readonly string[])[], colors: Colors): string[] {
  const lines = formatTable(rows.slice(0, ROW_LIMIT));
  const more = rows.length - ROW_LIMIT;
  return more > 0 ? [...lines, colors.dim(`… and ${String(more)} more: sluice status`)] : lines;
}

function paint({ word, good, why }: Verdict, colors: Colors): string {
  return good ? colors.green(word) : `${colors.red(word)}${why === '' ? '' : `: ${why}`}`;
}

const SEVERITY_PAINT = { error: 'red', warning: 'yellow', info: 'cyan' } as const;

export function findingLines(findings: readonly FindingReport[], colors: Colors): string[] {
  const lines = findings.slice(0, ROW_LIMIT).flatMap((finding) => {
    const place = placeOf(finding);
    const head = `${colors[SEVERITY_PAINT[finding.severity]](finding.severity)} ${place}${finding.message}`;
    return finding.hint === null ? [head] : [head, `    ${colors.green('→')} ${finding.hint}`];
  });
  const more = findings.length - ROW_LIMIT;
  return more > 0 ? [...lines, colors.dim(`… and ${String(more)} more: sluice check`)] : lines;
}

function placeOf({ location, object, path }: FindingReport): string {
  const place =
    location === null ? [] : [`${location.file}:${String(location.line)}:${String(location.column)}`];
  const words = [...place, object ?? '', path].filter((word) => word !== '');
  return words.length === 0 ? '' : `${words.join(' ')}: `;
}

function tally({ gateways, routes, findings }: StatusReport, colors: Colors): string {
  const count = (amount: number, word: string): string =>
    `${String(amount)} ${word}${amount === 1 ? '' : 's'}`;
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const warnings = findings.filter(({ severity }) => severity === 'warning').length;
  const problems = [
    ...(errors === 0 ? [] : [colors.red(count(errors, 'error'))]),
    ...(warnings === 0 ? [] : [colors.yellow(count(warnings, 'warning'))]),
  ];
  const objects = [
    count(gateways.filter(({ kind }) => kind === 'Gateway').length, 'Gateway'),
    count(routes.length, 'route'),
  ];
  return [...objects, ...(problems.length === 0 ? [colors.green('no problems')] : problems)].join(', ');
}

/** What to say when one report follows another; empty when nothing that people look at changed. */
export function changedLines(before: StatusReport, after: StatusReport, colors: Colors): string[] {
  return [
    ...objectChanges(before, after, colors),
    ...findingLines(missingFrom(after.findings, before.findings), colors),
    ...missingFrom(before.findings, after.findings).map(
      (finding) => `${colors.green('solved')} ${placeOf(finding)}${finding.message}`,
    ),
  ].slice(0, ROW_LIMIT * 2);
}

interface Described {
  readonly label: string;
  readonly generation: number;
  readonly verdict: Verdict;
}

function objectChanges(before: StatusReport, after: StatusReport, colors: Colors): string[] {
  const old = new Map(describeAll(before).map((one) => [one.label, one]));
  const lines: string[] = [];
  for (const one of describeAll(after)) {
    const last = old.get(one.label);
    old.delete(one.label);
    if (last === undefined) lines.push(`${colors.green('+')} ${one.label} ${paint(one.verdict, colors)}`);
    else if (last.generation !== one.generation || !sameVerdict(last.verdict, one.verdict))
      lines.push(`${colors.cyan('~')} ${one.label} ${paint(one.verdict, colors)}`);
  }
  return [...lines, ...[...old.keys()].map((label) => `${colors.red('-')} ${label}`)];
}

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
      verdict: judge(
        [...gateway.conditions, ...gateway.listeners.flatMap(({ conditions }) => conditions)],
        'programmed',
      ),
    })),
    ...routes.map((route) => ({
      label: label(route),
      generation: route.generation,
      verdict: judgeRoute(route),
    })),
    ...others.map((other) => ({
      label: label(other),
      generation: other.generation,
      verdict: judge(other.conditions, 'accepted'),
    })),
  ];
}

/** Findings of `all` that are not in `known`: by what they say, not where, since lines move. */
function missingFrom(all: readonly FindingReport[], known: readonly FindingReport[]): FindingReport[] {
  const keys = new Set(known.map(findingKey));
  return all.filter((finding) => !keys.has(findingKey(finding)));
}

const findingKey = ({ code, object, path, message }: FindingReport): string =>
  JSON.stringify([code, object, path, message]);
