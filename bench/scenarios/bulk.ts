/** Large bodies over HTTP/1.1, both sides. */
import { fileGet } from '../load/requests.ts';
import { again, CPU_DEFAULTS, cpuUnder, http1Load, perMebibyte } from './cpu-scenario.ts';
import type { Scenario } from './scenario.ts';

export const BULK_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'body-1m',
    title: '1 MiB bodies',
    conditions: 'CPU µs per MiB of response; 16 keep-alive connections',
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 0.65 }],
    measure: cpuUnder(http1Load({ connections: 16, requests: [fileGet('1m')], amount: perMebibyte })),
  },
  {
    ...CPU_DEFAULTS,
    name: 'body-100m',
    title: '100 MiB bodies',
    conditions: 'CPU µs per MiB of response; 4 keep-alive connections',
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 0.65 }],
    measure: cpuUnder(http1Load({ connections: 4, requests: [fileGet('100m')], amount: perMebibyte })),
  },
];
