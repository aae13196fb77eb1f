/** The output formats of `check`. */
import type { Colors } from '../terminal.ts';
import { countOf } from '../../lib/plural.ts';
import { visibleLine } from '../../lib/visible-text.ts';
import type { Problem } from '../../admin/findings/problem.ts';
import { separateUnread } from './unread.ts';

export interface CheckReport {
  readonly problems: readonly Problem[];
  readonly objects: number;
}

export type CheckFormat = 'text' | 'json' | 'sarif' | 'junit';

const place = ({ location }: Problem): string =>
  location === null
    ? ''
    : `${visibleLine(location.file)}:${String(location.line)}:${String(location.column)}`;

const subject = ({ object, path }: Problem): string =>
  [object, path].filter((part) => part !== null && part !== '').join(' ');

const RANK = { error: 0, warning: 1, info: 2 } as const;

/** Errors first; within a severity in the order of the files. */
export function formatText(report: CheckReport, colors: Colors): string {
  const { others, line } = separateUnread(report.problems);
  const sorted = others.toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const paint = { error: colors.red, warning: colors.yellow, info: colors.cyan };
  const lines = sorted.map((problem) => {
    const head = [
      colors.bold(place(problem)),
      paint[problem.severity](problem.severity),
      colors.dim(`[${problem.code}]`),
    ]
      .filter((part) => part !== '')
      .join(' ');
    const hint = problem.hint === null ? '' : `\n    ${colors.green('→')} ${visibleLine(problem.hint)}`;
    return `${head} ${visibleLine(subject(problem))}\n    ${visibleLine(problem.message)}${hint}`;
  });
  return [...lines, ...(line === null ? [] : [visibleLine(line)]), summary(report, others)].join('\n');
}

function summary({ objects }: CheckReport, problems: readonly Problem[]): string {
  const count = (severity: string, word: string): string =>
    countOf(problems.filter((problem) => problem.severity === severity).length, word);
  return `${countOf(objects, 'object')}: ${count('error', 'error')}, ${count('warning', 'warning')}, ${count('info', 'note')}`;
}

/** Stable: fields are added, never renamed or removed (docs/reference/cli.md). */
export const formatJson = (report: CheckReport): string =>
  JSON.stringify({ objects: report.objects, findings: report.problems }, null, 2);

/** SARIF 2.1.0, which code hosts show beside the lines of a change. */
export function formatSarif(report: CheckReport): string {
  const levels = { error: 'error', warning: 'warning', info: 'note' } as const;
  const codes = [...new Set(report.problems.map(({ code }) => code))].toSorted();
  const results = report.problems.map((problem) => ({
    ruleId: problem.code,
    level: levels[problem.severity],
    message: {
      text: [subject(problem), problem.message, problem.hint]
        .filter((part) => part !== null && part !== '')
        .join(': '),
    },
    locations:
      problem.location === null
        ? []
        : [
            {
              physicalLocation: {
                artifactLocation: { uri: problem.location.file },
                region: { startLine: problem.location.line, startColumn: problem.location.column },
              },
            },
          ],
  }));
  const driver = { name: 'sluice', rules: codes.map((id) => ({ id })) };
  return JSON.stringify(
    {
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [{ tool: { driver }, results }],
    },
    null,
    2,
  );
}

/** One test case a finding, so that CI shows each by itself; one that passes when there are none. */
export function formatJunit({ problems, objects }: CheckReport): string {
  const failures = problems.filter(({ severity }) => severity !== 'info');
  const cases = failures.map((problem) => {
    const name = escapeXml(`${problem.code} ${subject(problem)}`);
    const parts = [place(problem), problem.message, problem.hint ?? ''];
    const text = parts.filter(Boolean).map(escapeXml).join('\n');
    return `    <testcase classname="sluice.check" name="${name}"><failure message="${escapeXml(problem.message)}">${text}</failure></testcase>`;
  });
  if (cases.length === 0)
    cases.push(`    <testcase classname="sluice.check" name="${String(objects)} objects"/>`);
  const counts = `tests="${String(cases.length)}" failures="${String(failures.length)}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites ${counts}>\n  <testsuite name="sluice check" ${counts}>\n${cases.join('\n')}\n  </testsuite>\n</testsuites>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** XML 1.0 cannot represent control characters: one would make the whole report unreadable. */
const escapeXml = (text: string): string =>
  visibleLine(text).replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
