import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AccessRecord } from '../proxy/exchange/access-record.ts';
import { RefusalCounter } from '../proxy/exchange/policy-refusals.ts';
import { formatRecord } from './access-log.ts';

const origin = fc.record(
  { kind: fc.constant('Service'), namespace: fc.string(), name: fc.string(), section: fc.string() },
  { noNullPrototype: true },
);
const orNull = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(arbitrary, { nil: null });
const milliseconds = fc.double({ min: 0, max: 1e8, noNaN: true });
const text = fc.string({ unit: 'binary' });

const refusal = fc
  .record({ policy: origin, rule: fc.constantFrom('', 'office') })
  .map(
    ({ policy, rule }) =>
      new RefusalCounter({ gateway: policy, policy, rule, reason: 'auth_denied', mode: 'audit' }),
  );

const record: fc.Arbitrary<AccessRecord> = fc.record(
  {
    startedAtMs: fc.double({ min: 0, max: 4e12, noNaN: true }),
    labels: fc.record(
      {
        gateway: orNull(origin),
        listener: orNull(origin),
        rule: orNull(origin.map((rule) => ({ ...rule, index: 3 }))),
        backend: orNull(origin),
      },
      { noNullPrototype: true },
    ),
    endpoint: orNull(text),
    status: fc.integer({ min: 100, max: 599 }),
    reason: fc.constantFrom(null, 'no_rule' as const),
    refusedBy: orNull(refusal),
    wouldRefuse: fc.array(refusal, { maxLength: 3 }),
    user: text,
    requestBytes: fc.maxSafeNat(),
    responseBytes: fc.maxSafeNat(),
    timings: fc.record(
      { connectedMs: orNull(milliseconds), responseHeadMs: orNull(milliseconds), totalMs: milliseconds },
      { noNullPrototype: true },
    ),
    retries: fc.nat(),
    protocol: fc.constantFrom('HTTP/1.0' as const, 'HTTP/1.1' as const, 'HTTP/2' as const),
    method: text,
    path: text,
    host: text,
    clientIp: fc.ipV6(),
    requestId: text,
    traceId: orNull(text),
  },
  { noNullPrototype: true },
);

const round = (valueMs: number): number => Math.round(valueMs * 1000) / 1000;
const nameOf = (object: { readonly namespace: string; readonly name: string }): string =>
  `${object.namespace}/${object.name}`;

/** The slow, obvious way. */
function expected(from: AccessRecord): object {
  const { timings } = from;
  const { gateway, listener, rule, backend } = from.labels;
  const fields = {
    time: new Date(Math.floor(from.startedAtMs)).toISOString(),
    client: from.clientIp,
    method: from.method,
    host: from.host,
    path: from.path,
    protocol: from.protocol,
    status: from.status,
    reason: from.reason,
    refusedBy: from.refusedBy?.policyName ?? null,
    wouldRefuse:
      from.wouldRefuse.length === 0
        ? null
        : from.wouldRefuse.map(({ labels: { reason }, policyName }) => `${reason} ${policyName}`),
    user: from.user === '' ? null : from.user,
    gateway: gateway === null ? null : nameOf(gateway),
    listener: listener?.section ?? null,
    route: rule === null ? null : `${rule.kind}/${nameOf(rule)}`,
    rule: rule?.section ?? null,
    backend: backend === null ? null : `${backend.kind}/${nameOf(backend)}:${backend.section ?? ''}`,
    endpoint: from.endpoint,
    requestBytes: from.requestBytes,
    responseBytes: from.responseBytes,
    durationMs: round(timings.totalMs),
    connectMs: timings.connectedMs === null ? null : round(timings.connectedMs),
    responseMs: timings.responseHeadMs === null ? null : round(timings.responseHeadMs),
    retries: from.retries,
    requestId: from.requestId,
    traceId: from.traceId,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

test('a line is the JSON of the record, whatever it holds, without fields that have no value', () => {
  fc.assert(
    fc.property(record, (from) => {
      const line = formatRecord(from);
      assert.deepEqual(JSON.parse(line), JSON.parse(JSON.stringify(expected(from))));
      assert.equal(line, JSON.stringify(expected(from)));
    }),
  );
});
