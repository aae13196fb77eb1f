/** Prometheus exposition of numbers that are kept elsewhere: read when they are scraped, never before. */
import { Registry, type Metric } from 'prom-client';

export type LabelValues = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: LabelValues;
  readonly value: number;
  /** `_bucket`, `_sum` or `_count` of a histogram. */
  readonly suffix?: string;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly samples: readonly Sample[];
}

export interface Exposition {
  readonly contentType: string;
  readonly text: string;
}

/** The families as a scraper reads them. */
export async function exposeMetrics(families: readonly MetricFamily[]): Promise<Exposition> {
  const registry = new Registry();
  for (const family of families) registry.registerMetric(asMetric(family));
  return { contentType: registry.contentType, text: await registry.metrics() };
}

/** The library's registry asks a metric for its name and its present values, and nothing else. */
function asMetric({ name, help, type, samples }: MetricFamily): Metric {
  const metric = {
    name,
    get: () =>
      Promise.resolve({
        name,
        help,
        type,
        aggregator: 'sum',
        values: samples.map(({ labels, value, suffix }) => ({
          labels,
          value,
          metricName: name + (suffix ?? ''),
        })),
      }),
  };
  return metric as unknown as Metric;
}
