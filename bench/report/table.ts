/** Results as Markdown tables. */
import { median, spread } from '../measure/statistics.ts';
import type { Row } from '../measure/batch.ts';
import type { Goal } from '../scenarios/scenario.ts';
import type { ScenarioResult, SuiteResult } from './result.ts';

/** Rounds further apart than this make a batch worth nothing: run it again. */
const NOISE_LIMIT = 0.15;
const YARDSTICKS = ['nginx', 'haproxy', 'envoy'];

const medianOf = (row: Row): number => median(row.samples.map(({ value }) => value));

function partOf(row: Row, part: 'user' | 'system'): string {
  const values = row.samples.map((sample) => sample[part]).filter((value) => value !== undefined);
  return values.length === 0 ? '' : median(values).toFixed(1);
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

function ratio(row: Row, rows: readonly Row[], to: string): string {
  const other = rows.find(({ label }) => label === to);
  return other === undefined ? '' : (medianOf(row) / medianOf(other)).toFixed(2);
}

function describeGoal(goal: Goal, rows: readonly Row[], unit: string): string {
  const row = rows.find(({ label }) => label === goal.of);
  const other = rows.find(({ label }) => label === goal.to);
  const asked = goal.to === null ? `≤ ${goal.atMost} ${unit}` : `≤ ${goal.atMost.toFixed(2)} × ${goal.to}`;
  if (row === undefined || (goal.to !== null && other === undefined))
    return `${goal.of} ${asked}: not measured`;
  const reached = medianOf(row) / (other === undefined ? 1 : medianOf(other));
  // Compare the printed value: a batch is precise to two decimals of a ratio.
  const met = Number(reached.toFixed(2)) <= goal.atMost;
  return `${goal.of} ${asked}: ${reached.toFixed(2)}, ${met ? 'reached' : '**not reached**'}`;
}

function noise(rows: readonly Row[]): string | null {
  const wide = rows.filter(
    (row) => row.samples.length > 1 && spread(row.samples.map(({ value }) => value)) > NOISE_LIMIT,
  );
  if (wide.length === 0) return null;
  return `Noisy: the rounds of ${wide.map(({ label }) => label).join(', ')} lie more than ${NOISE_LIMIT * 100} % apart.`;
}

export function scenarioTable(result: ScenarioResult): string {
  const { rows, unit } = result;
  const yardsticks = YARDSTICKS.filter((name) => rows.some(({ label }) => label === name));
  const hasParts = rows.some((row) => partOf(row, 'user') !== '');
  const hasSpread = rows.some(({ samples }) => samples.length > 1);
  const head = [
    'proxy',
    unit,
    ...(hasParts ? ['user', 'system'] : []),
    ...yardsticks.map((name) => `÷ ${name}`),
    ...(hasSpread ? ['spread'] : []),
  ];
  const body = rows.map((row) => {
    const values = row.samples.map(({ value }) => value);
    return line([
      row.label === 'sluice' ? '**sluice**' : row.label,
      medianOf(row).toFixed(1),
      ...(hasParts ? [partOf(row, 'user'), partOf(row, 'system')] : []),
      ...yardsticks.map((to) => ratio(row, rows, to)),
      ...(hasSpread ? [`${(spread(values) * 100).toFixed(0)} %`] : []),
    ]);
  });
  const goals = result.goals.map((goal) => `- Goal: ${describeGoal(goal, rows, unit)}`);
  const table = [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...body].join('\n');
  const how = result.rounds === 1 ? 'once' : `${result.rounds} rounds of ${result.seconds} s`;
  const conditions = `${result.conditions}; ${how}, ${result.date}.`;
  const parts = [`#### ${result.title}`, conditions, table, goals.join('\n'), noise(rows) ?? ''];
  return parts.filter((part) => part !== '').join('\n\n');
}

export function suiteReport(result: SuiteResult): string {
  const versions = Object.entries(result.versions).map(([name, version]) => `- ${name}: ${version}`);
  const intro = [
    `By \`npm run bench -- ${result.suite}\`; medians.`,
    `Machine: ${result.machine}; load generator, backend and proxies share it.`,
  ].join(' ');
  const absent = result.absent.map((reason) => `- left out: ${reason}`);
  return [intro, [...versions, ...absent].join('\n'), ...result.scenarios.map(scenarioTable)].join('\n\n');
}
