/** TLS 1.3 toward clients, cleartext HTTP/1.1 to the backend. */
import { runOwnLoad } from '../load/own-program.ts';
import { SMALL_GET } from '../load/requests.ts';
import { again, CPU_DEFAULTS, cpuUnder, http1Load, perRequest, PLAIN_HTTP } from './cpu-scenario.ts';
import { http2GetsUnder } from './http2.ts';
import type { Scenario } from './scenario.ts';

const AT_ONCE = 10;

const handshakes = (resumed: boolean): Scenario['measure'] =>
  cpuUnder(({ port }, { seconds }) => runOwnLoad('handshakes', { port, seconds, atOnce: AT_ONCE, resumed }));

const OVER_TLS = { ...PLAIN_HTTP, tls: true };
const HANDSHAKE_CONDITIONS = `CPU µs per connection with one request; ${AT_ONCE} at once, P-256 certificate, OpenSSL client`;

export const TLS_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'tls-http1',
    title: 'HTTP/1.1 over TLS 1.3',
    conditions: 'CPU µs per request; 50 keep-alive connections, 120-byte response, P-256 certificate',
    service: OVER_TLS,
    variants: again('nginx'),
    goals: [
      { of: 'sluice', to: 'nginx', atMost: 1.15 },
      { of: 'sluice', to: 'envoy', atMost: 0.45 },
    ],
    measure: cpuUnder(http1Load({ connections: 50, requests: [SMALL_GET], tls: true, amount: perRequest })),
  },
  {
    ...CPU_DEFAULTS,
    name: 'tls-h2',
    title: 'HTTP/2 over TLS 1.3',
    conditions: 'CPU µs per request; 10 connections of 20 streams each, 120-byte response, P-256 certificate',
    service: { ...OVER_TLS, downstream: 'h2' },
    variants: again('haproxy'),
    goals: [
      { of: 'sluice', to: 'haproxy', atMost: 0.95 },
      { of: 'sluice', to: 'envoy', atMost: 0.27 },
    ],
    measure: http2GetsUnder(true),
  },
  {
    ...CPU_DEFAULTS,
    name: 'tls-handshake',
    title: 'Full handshake',
    conditions: HANDSHAKE_CONDITIONS,
    service: OVER_TLS,
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.25 }],
    measure: handshakes(false),
  },
  {
    ...CPU_DEFAULTS,
    name: 'tls-resumption',
    title: 'Handshake resumed from a ticket',
    conditions: HANDSHAKE_CONDITIONS,
    service: OVER_TLS,
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.35 }],
    measure: handshakes(true),
  },
];
