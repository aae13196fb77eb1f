import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { deserialize, serialize } from 'node:v8';
import fc from 'fast-check';
import { ShapeError } from '../lib/shape.ts';
import { toWorker } from './worker-messages.ts';
import { fromWorker } from './worker-reports.ts';

const anything = fc.oneof(
  fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true }),
  fc.record({
    kind: fc.constantFrom(
      ...['stats', 'claim', 'log', 'failed', 'drained', 'pong', 'ping', 'drain', 'claimed'],
      ...['key-set', 'key-set-fetched', 'refetch-key-set', 'check-password', 'password-checked'],
    ),
    keySet: fc.anything(),
    jwks: fc.anything(),
    question: fc.anything(),
    verdict: fc.anything(),
    id: fc.anything(),
    stats: fc.anything(),
    claim: fc.anything(),
    level: fc.anything(),
    message: fc.anything(),
    fields: fc.anything(),
    error: fc.anything(),
  }),
);

suite('messages between a supervisor and its workers', () => {
  test('anything the channel can carry either fits or is a ShapeError', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const received: unknown = deserialize(serialize(value));
        for (const shape of [fromWorker, toWorker]) {
          try {
            shape(received);
          } catch (error) {
            assert.ok(error instanceof ShapeError, String(error));
          }
        }
      }),
    );
  });

  test('a log level that is none, and fields that are no text, do not reach the logger', () => {
    const log = {
      kind: 'log',
      level: 'info',
      message: 'm',
      fields: { a: 'x'.repeat(100_000), b: null, c: 1 },
    };
    const taken = fromWorker(log);
    assert.ok(taken.kind === 'log');
    assert.ok(String(taken.fields['a']).length < 20_000);
    assert.throws(() => fromWorker({ ...log, level: 'constructor' }), ShapeError);
    assert.throws(() => fromWorker({ ...log, fields: { a: {} } }), ShapeError);
  });
});
