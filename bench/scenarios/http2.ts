/** HTTP/2 toward clients: to a backend of HTTP/1.1, and gRPC over HTTP/2 on both sides. Cleartext, prior knowledge. */
import { runH2Load, type H2Load } from '../load/h2load.ts';
import { again, CPU_DEFAULTS, cpuUnder, PLAIN_HTTP } from './cpu-scenario.ts';
import type { Scenario } from './scenario.ts';

/** Ten connections of twenty streams, as in the tables of HTTP/2. */
export const HTTP2_GETS: Omit<H2Load, 'port' | 'seconds' | 'tls'> = {
  connections: 10,
  streams: 20,
  path: '/',
  fields: [],
  body: null,
  answerBytes: 120,
};

/** A message of 32 bytes, with its prefix of five (PROTOCOL-HTTP2.md of gRPC). */
const UNARY_CALLS: Omit<H2Load, 'port' | 'seconds' | 'tls'> = {
  connections: 10,
  streams: 20,
  path: '/bench.Echo/Say',
  fields: ['content-type: application/grpc', 'te: trailers'],
  body: Buffer.concat([Buffer.from([0, 0, 0, 0, 32]), Buffer.alloc(32, 'q')]),
  answerBytes: 47,
};

export const http2GetsUnder = (tls: boolean): Scenario['measure'] =>
  cpuUnder(({ port }, { h2load, seconds, folder }) =>
    runH2Load(h2load, { ...HTTP2_GETS, port, tls, seconds }, folder),
  );

export const H2_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'h2-small-get',
    title: 'HTTP/2 to an HTTP/1.1 backend',
    conditions: 'CPU µs per request; 10 connections of 20 streams each, 120-byte response',
    service: { ...PLAIN_HTTP, downstream: 'h2' },
    variants: again('haproxy'),
    goals: [
      { of: 'sluice', to: 'haproxy', atMost: 0.95 },
      { of: 'sluice', to: 'envoy', atMost: 0.27 },
    ],
    measure: http2GetsUnder(false),
  },
];

export const GRPC_SCENARIOS: readonly Scenario[] = [
  {
    ...CPU_DEFAULTS,
    name: 'grpc-unary',
    title: 'gRPC, unary calls',
    conditions:
      'CPU µs per call; HTTP/2 on both sides, 10 connections of 20 streams each, messages of 37 and 47 bytes; ' +
      'the backend writes once per event loop iteration and connection',
    service: { ...PLAIN_HTTP, downstream: 'h2', application: 'grpc' },
    variants: again('haproxy'),
    goals: [
      { of: 'sluice', to: 'haproxy', atMost: 0.45 },
      { of: 'sluice', to: 'envoy', atMost: 0.14 },
    ],
    measure: cpuUnder(({ port }, { h2load, seconds, folder }) =>
      runH2Load(h2load, { ...UNARY_CALLS, port, tls: false, seconds }, folder),
    ),
  },
];
