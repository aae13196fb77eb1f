/** Findings as text, in `run` and `status`: errors first, and unread kinds in one line. */
import type { FindingReport } from '../admin/api/resources.ts';
import { separateUnread } from './check/unread.ts';
import { wrap, type Layout } from './layout.ts';
import { visibleLine } from '../lib/visible-text.ts';

/** More than a screen holds does not help; `sluice check` prints all. */
const LIMIT = 24;

const RANK = { error: 0, warning: 1, info: 2 } as const;
const PAINT = { error: 'red', warning: 'yellow', info: 'cyan' } as const;
const INDENT = '    ';

export function findingLines(findings: readonly FindingReport[], { colors, width }: Layout): string[] {
  const { others, line: unread } = separateUnread(findings);
  const sorted = others.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const lines = sorted.slice(0, LIMIT).flatMap((finding) => {
    const severity = colors[PAINT[finding.severity]](finding.severity);
    return [
      ...wrap(`${severity} ${placeOf(finding)}${visibleLine(finding.message)}`, width, INDENT),
      ...(finding.hint === null
        ? []
        : wrap(`${INDENT}${colors.green('→')} ${visibleLine(finding.hint)}`, width, `${INDENT}  `)),
    ];
  });
  const more = sorted.length - LIMIT;
  return [
    ...lines,
    ...(more > 0 ? [colors.dim(`… and ${String(more)} more: sluice check`)] : []),
    ...(unread === null ? [] : wrap(visibleLine(unread), width, INDENT)),
  ];
}

/** `FILE:LINE:COLUMN Kind namespace/name field: `. */
export function placeOf({ location, object, path }: FindingReport): string {
  const place =
    location === null ? [] : [`${location.file}:${String(location.line)}:${String(location.column)}`];
  const words = [...place, object ?? '', path].filter((word) => word !== '');
  return words.length === 0 ? '' : `${visibleLine(words.join(' '))}: `;
}
