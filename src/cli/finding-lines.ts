/** Findings for people, in `run` and `status`: errors first, and kinds that are not read in one line. */
import type { FindingReport } from '../admin/status-report.ts';
import { wrap, type Layout } from './layout.ts';

/** More than a screen holds does not help; `sluice check` prints all. */
const LIMIT = 24;

const RANK = { error: 0, warning: 1, info: 2 } as const;
const PAINT = { error: 'red', warning: 'yellow', info: 'cyan' } as const;
const INDENT = '    ';

export function findingLines(findings: readonly FindingReport[], { colors, width }: Layout): string[] {
  const notRead = findings.filter(isOfUnknownKind);
  const sorted = findings
    .filter((finding) => !isOfUnknownKind(finding))
    .toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const lines = sorted.slice(0, LIMIT).flatMap((finding) => {
    const severity = colors[PAINT[finding.severity]](finding.severity);
    return [
      ...wrap(`${severity} ${placeOf(finding)}${finding.message}`, width, INDENT),
      ...(finding.hint === null
        ? []
        : wrap(`${INDENT}${colors.green('→')} ${finding.hint}`, width, `${INDENT}  `)),
    ];
  });
  const more = sorted.length - LIMIT;
  return [
    ...lines,
    ...(more > 0 ? [colors.dim(`… and ${String(more)} more: sluice check`)] : []),
    ...(notRead.length === 0 ? [] : wrap(`not read: ${countKinds(notRead)}`, width, INDENT)),
  ];
}

const isOfUnknownKind = ({ code }: FindingReport): boolean => code === 'unknown-kind';

/** `31 Deployments, 12 ExternalSecrets`, the most frequent first. */
function countKinds(findings: readonly FindingReport[]): string {
  const counts = new Map<string, number>();
  for (const { object, message } of findings) {
    const [kind = ''] = (object ?? message).split(' ', 1);
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .toSorted(([nameA, a], [nameB, b]) => b - a || (nameA < nameB ? -1 : 1))
    .map(([kind, count]) => `${String(count)} ${count === 1 ? kind : plural(kind)}`)
    .join(', ');
}

function plural(kind: string): string {
  if (/[^aeiou]y$/.test(kind)) return `${kind.slice(0, -1)}ies`;
  if (kind.endsWith('oints')) return kind;
  return /(?:s|x|ch|sh)$/.test(kind) ? `${kind}es` : `${kind}s`;
}

/** `FILE:LINE:COLUMN Kind namespace/name field: `. */
export function placeOf({ location, object, path }: FindingReport): string {
  const place =
    location === null ? [] : [`${location.file}:${String(location.line)}:${String(location.column)}`];
  const words = [...place, object ?? '', path].filter((word) => word !== '');
  return words.length === 0 ? '' : `${words.join(' ')}: `;
}
