/** docs/reference/metrics.md: every metric, with the labels that its samples have. */
import { proxyMetrics } from '../../src/admin/proxy-metrics.ts';
import { controllerMetrics } from '../../src/controller/controller-metrics.ts';
import { supervisorMetrics } from '../../src/supervisor/supervisor-metrics.ts';
import type { MetricFamily } from '../../src/telemetry/metric-registry.ts';
import { CONTROLLER, POOL, STATS, STATUS } from '../../test/support/telemetry-scene.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const page = 'docs/reference/metrics.md';

/** Of everything that is counted by rule; the page describes them once. */
const OF_RULES: ReadonlySet<string> = new Set([
  'gateway_namespace',
  'gateway_name',
  'listener',
  'route_kind',
  'route_namespace',
  'route_name',
  'rule',
  'backend',
]);

function labelsOf({ name, samples }: MetricFamily, common: ReadonlySet<string>): string {
  if (samples.length === 0) throw new Error(`${name} has no sample in test/support/telemetry-scene.ts`);
  const labels = new Set(samples.flatMap((sample) => Object.keys(sample.labels)));
  const names = [...labels]
    .filter((label) => !common.has(label))
    .map((label) => (label.startsWith('backend_') ? 'backend_*' : label));
  return [...new Set(names)].map(asCode).join(', ');
}

const table = (
  heading: string,
  families: readonly MetricFamily[],
  common: ReadonlySet<string> = new Set(),
): string =>
  markdownTable(
    ['metric', 'type', heading, 'meaning'],
    families.map((family) => [asCode(family.name), family.type, labelsOf(family, common), family.help]),
  );

export const METRICS: readonly Section[] = [
  {
    page,
    name: 'metrics',
    render: () =>
      table('further labels', [...proxyMetrics([STATS]), ...supervisorMetrics(POOL, STATUS)], OF_RULES),
  },
  { page, name: 'controller-metrics', render: () => table('labels', controllerMetrics(CONTROLLER)) },
];
