/** HTTP/1.1 on both sides, cleartext, keep-alive unless said otherwise. */
import { BROWSER_GETS, CLOSING_GET, SMALL_GET } from '../load/requests.ts';
import { THOUSAND_HOSTS } from '../routing-table.ts';
import { again, CPU_DEFAULTS, cpuUnder, http1Load, perRequest, PLAIN_HTTP } from './cpu-scenario.ts';
import type { Scenario } from './scenario.ts';

export const HTTP1_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'small-get',
    title: 'Small GET',
    conditions: 'CPU µs per request; 50 keep-alive connections, 80-byte request head, 120-byte response',
    variants: again('nginx'),
    goals: [
      { of: 'sluice', to: 'nginx', atMost: 1 },
      { of: 'sluice', to: 'envoy', atMost: 0.36 },
    ],
    measure: cpuUnder(http1Load({ connections: 50, requests: [SMALL_GET], amount: perRequest })),
  },
  {
    ...CPU_DEFAULTS,
    name: 'thousand-hosts',
    title: '1,000 hosts × 5 rules, eleven request headers',
    conditions: 'CPU µs per request; 50 keep-alive connections, 1,000 different requests of about 650 bytes',
    service: { ...PLAIN_HTTP, table: THOUSAND_HOSTS },
    variants: again('nginx'),
    goals: [
      { of: 'sluice', to: 'nginx', atMost: 0.8 },
      { of: 'sluice', to: 'envoy', atMost: 0.32 },
    ],
    measure: cpuUnder(http1Load({ connections: 50, requests: BROWSER_GETS, amount: perRequest })),
  },
  {
    ...CPU_DEFAULTS,
    name: 'one-request-per-connection',
    title: 'One request per connection, two workers',
    conditions:
      'CPU µs per request; 50 connections at once, `Connection: close`, two workers (threads) of each proxy',
    workers: 2,
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.5 }],
    measure: cpuUnder(http1Load({ connections: 50, requests: [CLOSING_GET], amount: perRequest })),
  },
  {
    ...CPU_DEFAULTS,
    name: 'access-log',
    title: 'Access log on',
    conditions:
      'CPU µs per request; the small GET with every request logged to a file, beside Sluice without',
    variants: [
      { label: 'sluice, log', peer: 'sluice', accessLog: true },
      { label: 'nginx, log', peer: 'nginx', accessLog: true },
      { label: 'haproxy, log', peer: 'haproxy', accessLog: true },
      { label: 'envoy, log', peer: 'envoy', accessLog: true },
    ],
    goals: [{ of: 'sluice, log', to: 'sluice', atMost: 1.04 }],
    measure: cpuUnder(http1Load({ connections: 50, requests: [SMALL_GET], amount: perRequest })),
  },
];
