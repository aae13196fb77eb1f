import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcTimeoutMs } from './grpc-timeout.ts';

test('a deadline is read in every unit, and rounded up', () => {
  const read = (value: string): number => grpcTimeoutMs(value);
  assert.deepEqual(['2H', '3M', '4S', '5m', '1500u', '1n', '0S', '99999999H'].map(read), [
    7_200_000,
    180_000,
    4_000,
    5,
    2,
    1,
    1,
    99_999_999 * 3_600_000,
  ]);
});

test('anything else is no deadline', () => {
  for (const value of [undefined, '', '1', 'S', '123456789S', '-1S', '1.5S', '1 S', '1s', '1SS']) {
    assert.equal(grpcTimeoutMs(value), 0, value);
  }
});
