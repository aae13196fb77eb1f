/** Bytes, datagrams and WebSocket messages, passed on unread. */
import { runOwnLoad } from '../load/own-program.ts';
import { SMALL_GET } from '../load/requests.ts';
import { again, CPU_DEFAULTS, cpuUnder, http1Load, perRequest, PLAIN_HTTP } from './cpu-scenario.ts';
import type { Scenario } from './scenario.ts';

export const TCP_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'tcp-relay',
    title: 'TCP',
    conditions:
      'CPU µs per round trip; 50 connections, 80 bytes there and a response with a body of 120 bytes back',
    service: { kind: 'tcp' },
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.25 }],
    measure: cpuUnder(http1Load({ connections: 50, requests: [SMALL_GET], amount: perRequest })),
  },
];

export const UDP_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'udp-relay',
    title: 'UDP',
    conditions: 'CPU µs per round trip of 100 bytes; 50 flows with four datagrams in flight in each',
    service: { kind: 'udp' },
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.65 }],
    measure: cpuUnder(({ port }, { seconds }) =>
      runOwnLoad('datagrams', { port, seconds, flows: 50, outstanding: 4, bytes: 100 }),
    ),
  },
];

export const WEBSOCKET_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'websocket-messages',
    title: 'WebSocket',
    conditions: 'CPU µs per message there and back; 50 connections, messages of 100 bytes',
    service: { ...PLAIN_HTTP, application: 'websocket' },
    variants: again('nginx'),
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.3 }],
    measure: cpuUnder(({ port }, { seconds }) =>
      runOwnLoad('messages', { port, seconds, connections: 50, bytes: 100 }),
    ),
  },
];
