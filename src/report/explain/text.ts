/** An explanation as text. */
import type { AttachmentPoint } from '../../ir/attachment-point.ts';
import type { EffectiveSetting, Origin, RuleOrigin } from '../../ir/origin.ts';
import type { ExplainedBackend } from '../../proxy/router/explain-backends.ts';
import type { ExplainedPolicy } from '../../proxy/router/explain-policies.ts';
import type { DescribedFilter } from '../../proxy/router/explain-filters.ts';
import type { Explanation } from '../../proxy/router/explain.ts';
import { layoutFor, wrap } from '../layout.ts';
import type { Colors } from '../terminal.ts';
import {
  hasFailingShare,
  isTrouble,
  isUnbound,
  listenersNotServed,
  servedListeners,
  type ExplainAnswer,
} from './answer.ts';

const name = ({ kind, namespace, name: own, section }: Origin): string =>
  `${kind} ${namespace}/${own}${section === undefined ? '' : ` (${section})`}`;

const ruleName = (rule: RuleOrigin): string =>
  `${rule.kind} ${rule.namespace}/${rule.name} rule ${String(rule.index)}${rule.section === undefined ? '' : ` (${rule.section})`}`;

type Stream = Parameters<typeof layoutFor>[0];

export function formatAnswer(answer: ExplainAnswer, stream: Stream): string[] {
  const { colors, width } = layoutFor(stream);
  const { explanations, port, notes } = answer;
  const unserved = listenersNotServed(answer).map((text) => `${colors.red('!')} ${text}`);
  const arrows = notes.map((note) => `${colors.green('→')} ${note}`);
  if (explanations.length > 0) {
    const shown = explanations.map((one) => formatExplanation(one, colors)).join('\n\n');
    // Other listeners of the port are relevant if the request is not served, or the port is not bound.
    const isServed = explanations.some((one) => !isTrouble(one)) && !isUnbound(answer);
    return [shown, ...(isServed ? [] : unserved), ...arrows].flatMap((text) => wrapEach(text, width));
  }
  const served = servedListeners(answer);
  return [
    `${colors.red('✗')} ${colors.bold(`no listener is served at port ${String(port)}`)}`,
    ...unserved.map((text) => `  ${text}`),
    ...(served.length === 0 ? ['  no listener is served at all'] : served.map((text) => `  served: ${text}`)),
    ...arrows.map((text) => `  ${text}`),
  ].flatMap((text) => wrapEach(text, width));
}

/** Rows keep their indentation. */
const wrapEach = (text: string, width: number): string[] =>
  text.split('\n').flatMap((line) => wrap(line, width, '              '));

function formatExplanation(explanation: Explanation, colors: Colors): string {
  const { summary, attachment, listener, hosts, hostname, rule, match, filters, backends, nearMisses } =
    explanation;
  const mark = markOf(explanation, colors);
  const row = (label: string, text: string): string => `  ${colors.dim(label.padEnd(9))} ${text}`;
  return [
    `${mark} ${colors.bold(summary)}`,
    row('gateway', name(explanation.gateway)),
    row(labelOf(attachment), listener === null ? 'none' : name(listener)),
    row('', colors.dim(explanation.listenerBecause)),
    ...(hosts.length === 0 ? [] : [row('hosts', `routes here have: ${someOf(hosts)}`)]),
    ...(hostname === null ? [] : [row('host', hostname)]),
    ...(rule === null ? [] : [row('rule', ruleName(rule))]),
    ...(match === null ? [] : [row('match', match)]),
    ...policyRows(explanation, row),
    ...filters.map((filter) => row('filter', filterText(filter, colors))),
    ...backends.flatMap((backend) => backendRows(backend, row, colors)),
    ...(nearMisses.length === 0 ? [] : [`  ${colors.dim('why not the others')}`]),
    ...nearMisses.map(
      (miss) => `    ${colors.yellow('~')} ${ruleName(miss.rule)}: ${miss.match}\n        ${miss.because}`,
    ),
  ].join('\n');
}

/** Connections have no authentication, and a rule that cannot be served protects nothing. */
function policyRows(
  { access, auth, limits, rule, outcome, status }: Explanation,
  row: (label: string, text: string) => string,
): string[] {
  const rows = (label: string, policies: readonly ExplainedPolicy[]): string[] =>
    policies.map(({ policy, level, effect }) =>
      row(label, policy === null ? effect : `${name(policy)}${level === '' ? '' : ` (${level})`}: ${effect}`),
    );
  const isHttp = rule !== null && /^(HTTP|GRPC)Route$/.test(rule.kind);
  const isPublic = isHttp && auth.length === 0 && !(outcome === 'refuse' && status === 500);
  return [
    ...rows('access', access),
    ...(isPublic ? [row('auth', 'none (public)')] : rows('auth', auth)),
    ...rows('limits', limits),
  ];
}

const filterText = ({ description, overridden }: DescribedFilter, colors: Colors): string =>
  overridden === undefined ? description : colors.dim(`${description} (${overridden})`);

const labelOf = (attachment: AttachmentPoint | null): string =>
  attachment?.kind === 'service-port' ? 'service' : 'listener';

const HOST_LIMIT = 10;

const someOf = (hosts: readonly string[]): string => {
  const more = hosts.length - HOST_LIMIT;
  return `${hosts.slice(0, HOST_LIMIT).join(', ')}${more > 0 ? ` and ${String(more)} more` : ''}`;
};

/** `!`: a share of such requests gets an error. */
function markOf({ outcome, backends }: Explanation, colors: Colors): string {
  if (outcome === 'refuse') return colors.red('✗');
  return outcome === 'forward' && hasFailingShare(backends) ? colors.yellow('!') : colors.green('✓');
}

function backendRows(
  backend: ExplainedBackend,
  row: (label: string, text: string) => string,
  colors: Colors,
): string[] {
  const { weight, share, problem, filters, settings, endpoints } = backend;
  const shown = endpoints
    .slice(0, 5)
    .map(({ address, state }) => (state === 'ready' ? address : `${address} (${state})`));
  const more = endpoints.length > shown.length ? [`and ${String(endpoints.length - shown.length)} more`] : [];
  return [
    row('backend', `${name(backend.backend)}, weight ${String(weight)} (${String(share)} %)`),
    ...(problem === null ? [] : [row('', colors.red(problem))]),
    ...filters.map((filter) => row('', filterText(filter, colors))),
    ...settingRows(settings, colors).map((text) => row('', text)),
    ...(shown.length === 0 ? [] : [row('', `→ ${[...shown, ...more].join(', ')}`)]),
  ];
}

/** One line for each group of settings with its origin, configured ones first; one line in total if all are defaults. */
function settingRows(settings: readonly EffectiveSetting[], colors: Colors): string[] {
  if (settings.length === 0) return [];
  const said = settings.filter(({ from }) => from !== null);
  if (said.length === 0) return [colors.dim('every setting is the default (--output json lists them)')];
  const standard = settings.filter(({ from }) => from === null);
  return [...settingLines(said), ...settingLines(standard).map(colors.dim)];
}

function settingLines(settings: readonly EffectiveSetting[]): string[] {
  const groups = Map.groupBy(settings, ({ field, from }) => {
    const by = from === null ? 'default' : `by ${name(from)}`;
    return `${field.split('.', 1)[0] ?? ''} ${by}`;
  });
  return [...groups].map(([label, group]) => {
    const parts = group.map(({ field, value }) =>
      field.includes('.') ? `${field.slice(field.indexOf('.') + 1)} ${value}` : value,
    );
    return `${label}: ${parts.join(', ')}`;
  });
}
