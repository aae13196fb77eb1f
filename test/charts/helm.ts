/** Helm, built from its Go module into the cache, and what it makes of the charts. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { buildHelm } from '../conformance/cluster/build.ts';
import { run } from '../conformance/cluster/command.ts';
import { VERSIONS } from '../conformance/cluster/layout.ts';
import { defaultLayout, ROOT } from '../conformance/lab.ts';
import { missingBecause, missingTool, type OutsideTool } from '../support/outside-tool.ts';

const CHARTS = join(ROOT, 'charts');
/** Namespace that is written into what is rendered. */
const NAMESPACE = 'sluice-system';

/** Path of the program, which is built when it is not there yet. */
export function findHelm(layout = defaultLayout()): OutsideTool {
  const program = join(layout.bin, 'helm');
  if (existsSync(program)) return { kind: 'tool', tool: program };
  if (spawnSync('go', ['version']).status !== 0) return missingTool('there is no Go to build Helm with');
  mkdirSync(layout.bin, { recursive: true });
  try {
    buildHelm(layout);
  } catch (error) {
    return missingBecause('Helm', error);
  }
  return { kind: 'tool', tool: program };
}

/** What `helm template` gives of a chart with a values file, without lines that say where each part came from. */
export function renderChart(helm: string, chart: string, valuesFile: string | null): string {
  const values = valuesFile === null ? [] : ['--values', valuesFile];
  const words = ['--namespace', NAMESPACE, '--kube-version', VERSIONS.kubernetes, ...values];
  const text = run(helm, ['template', 'sluice', join(CHARTS, chart), ...words]);
  return text.replaceAll(/^# Source: .*\n/gm, '');
}

/** `kubectl apply` of this file is an installation with the chart's defaults. */
export function renderInstall(helm: string): string {
  const namespace = `---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${NAMESPACE}\n`;
  const head =
    '# Made from the charts by `npm run charts -- --update`. The CRDs of the Gateway API come first, and apart.\n';
  return head + namespace + renderChart(helm, 'sluice-crds', null) + renderChart(helm, 'sluice', null);
}

/** Problems that `helm lint --strict` finds; empty when there is none. */
export function lint(helm: string, chart: string, valuesFile: string): string {
  const words = ['lint', '--strict', join(CHARTS, chart), '--values', valuesFile];
  const { status, stdout, stderr } = spawnSync(helm, words, { encoding: 'utf8' });
  return status === 0 ? '' : stdout + stderr;
}

export const readChartFile = (name: string): string => readFileSync(join(CHARTS, 'sluice', name), 'utf8');

/** Objects of a rendered chart. */
export function objectsOf(text: string): readonly unknown[] {
  const values: unknown[] = parseAllDocuments(text).map((document) => document.toJS() as unknown);
  return values.filter((object) => object !== null);
}
