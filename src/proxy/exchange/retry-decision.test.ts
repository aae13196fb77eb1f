/** The decision alone: what is retried, under which policy, and how long is waited. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RetryPolicy, RetryTrigger } from '../../ir/policy.ts';
import { LocalHead } from '../message/head.ts';
import { decideRetry, type Failure, type RetryState } from './retry.ts';
import { answeredFailure, retryAfterMs } from './retry-fields.ts';

const POLICY: RetryPolicy = {
  attempts: 3,
  on: [],
  codes: [],
  grpcCodes: [],
  backoffMs: 100,
  maxBackoffMs: 1_000,
  honorRetryAfter: true,
  perTryTimeoutMs: 0,
  nonIdempotent: 'before-send',
  maxBodyBytes: 0,
};
const STATE: RetryState = { method: 'GET', retries: 0, replaced: 1, canReplay: true, remainingMs: Infinity };

const FAILURES: Readonly<Record<string, Failure>> = {
  connect: { kind: 'connect', reason: 'connect_failed' },
  overflow: { kind: 'connect', reason: 'overflow' },
  refused: { kind: 'refused' },
  reset: { kind: 'reset', wasReused: false },
  invalid: { kind: 'invalid' },
  timeout: { kind: 'timeout' },
  429: { kind: 'status', status: 429, retryAfterMs: null },
  500: { kind: 'status', status: 500, retryAfterMs: null },
  503: { kind: 'status', status: 503, retryAfterMs: null },
  unavailable: { kind: 'grpc', code: 14 },
};

const retried = (policy: Partial<RetryPolicy> | null, state: Partial<RetryState> = {}): string[] =>
  Object.entries(FAILURES)
    .filter(
      ([, failure]) =>
        decideRetry(policy && { ...POLICY, ...policy }, failure, { ...STATE, ...state }, 0) !== null,
    )
    .map(([name]) => name)
    .sort();

describe('what is retried', () => {
  const table: readonly [RetryTrigger | null, readonly string[]][] = [
    [null, []],
    ['connect-failure', ['connect']],
    ['refused-stream', ['refused']],
    ['reset', ['invalid', 'refused', 'reset']],
    ['gateway-error', ['503', 'connect', 'invalid', 'refused', 'reset', 'timeout']],
    ['5xx', ['500', '503', 'connect', 'invalid', 'refused', 'reset', 'timeout']],
    ['per-try-timeout', ['timeout']],
    ['retriable-codes', []],
  ];
  for (const [trigger, expected] of table) {
    test(`on ${trigger ?? 'nothing'}`, () => {
      assert.deepEqual(retried({ on: trigger === null ? [] : [trigger] }), expected);
    });
  }

  test('listed codes, of HTTP and of gRPC', () => {
    assert.deepEqual(retried({ codes: [429] }), ['429']);
    assert.deepEqual(retried({ grpcCodes: [14] }), ['unavailable']);
    assert.deepEqual(retried({ grpcCodes: [8] }), []);
  });

  test('without a policy: an unseen request, once', () => {
    assert.deepEqual(retried(null), ['connect', 'refused']);
    assert.deepEqual(retried(null, { retries: 1 }), []);
  });

  const all: Partial<RetryPolicy> = { on: ['5xx'], codes: [429], grpcCodes: [14] };
  test('attempts: up to them, and none at 0', () => {
    assert.ok(retried({ ...all, attempts: 3 }, { retries: 2 }).length > 0);
    assert.deepEqual(retried({ ...all, attempts: 3 }, { retries: 3 }), []);
    assert.deepEqual(retried({ ...all, attempts: 0 }), []);
  });

  test('what cannot be sent again is not', () => {
    assert.deepEqual(retried(all, { canReplay: false }), []);
  });

  test('a method that is not idempotent', () => {
    const post = { method: 'POST' };
    assert.deepEqual(retried({ ...all, nonIdempotent: 'never' }, post), []);
    assert.deepEqual(retried({ ...all, nonIdempotent: 'before-send' }, post), [
      '429',
      'connect',
      'refused',
      'unavailable',
    ]);
    assert.deepEqual(retried({ ...all, nonIdempotent: 'always' }, post), retried(all));
  });

  test('free of the budget: the first attempt elsewhere for an unseen request, and the replacement of a dead connection', () => {
    const policy = { ...POLICY, on: ['5xx'] as const };
    const isFree = (failure: Failure, state: Partial<RetryState>): boolean | undefined =>
      decideRetry(policy, failure, { ...STATE, ...state }, 0)?.isFree;
    assert.equal(isFree({ kind: 'refused' }, {}), true);
    assert.equal(isFree({ kind: 'refused' }, { retries: 1 }), false);
    assert.equal(isFree({ kind: 'reset', wasReused: true }, { replaced: 0 }), true);
    assert.equal(isFree({ kind: 'reset', wasReused: true }, { replaced: 1 }), false);
    assert.equal(isFree({ kind: 'timeout' }, {}), false);
  });
});

describe('how long is waited', () => {
  const wait = (failure: Failure, retries = 0, random = 0, remainingMs = Infinity): number | undefined =>
    decideRetry(
      { ...POLICY, codes: [503], on: ['reset'] },
      failure,
      { ...STATE, retries, remainingMs },
      random,
    )?.delayMs;
  const reset: Failure = { kind: 'reset', wasReused: false };
  const busy = (afterMs: number | null): Failure => ({ kind: 'status', status: 503, retryAfterMs: afterMs });

  test('the backoff, doubled each time up to its maximum, and half of it at random on top', () => {
    assert.deepEqual([wait(reset, 0), wait(reset, 1), wait(reset, 2)], [100, 200, 400]);
    assert.equal(wait(reset, 2, 0.5), 500);
    const policy = { ...POLICY, on: ['reset'] as const, attempts: 10 };
    assert.equal(decideRetry(policy, reset, { ...STATE, retries: 9 }, 0)?.delayMs, 1_000);
    assert.ok((wait(reset, 0, 0.999) ?? 0) < 150);
  });

  test('Retry-After when it is longer; more than five seconds is too long', () => {
    assert.equal(wait(busy(50)), 100);
    assert.equal(wait(busy(2_000)), 2_000);
    assert.equal(wait(busy(5_000)), 5_000);
    assert.equal(wait(busy(5_001)), undefined);
    const deaf = { ...POLICY, codes: [503], honorRetryAfter: false };
    assert.equal(decideRetry(deaf, busy(60_000), STATE, 0)?.delayMs, 100);
  });

  test('an answer is passed on rather than waited past the time limit of the request', () => {
    assert.equal(wait(busy(2_000), 0, 0, 2_001), 2_000);
    assert.equal(wait(busy(2_000), 0, 0, 2_000), undefined);
    assert.equal(wait(busy(null), 0, 0, 100), undefined);
    // Without an answer there is nothing better to do than to try as long as the limit allows.
    assert.equal(wait(reset, 0, 0, 50), 100);
  });
});

describe('what an answer says', () => {
  const fields = (value: string): LocalHead => new LocalHead(503, ['retry-after'], [value]);
  const NOW = Date.UTC(2026, 10, 27, 12, 0, 0);

  const waits: readonly [string, number | null][] = [
    ['0', 0],
    ['120', 120_000],
    ['Fri, 27 Nov 2026 12:00:03 GMT', 3_000],
    ['Fri, 27 Nov 2026 11:59:59 GMT', 0],
    ['1234567890', null],
    ['-1', null],
    ['1.5', null],
    ['2026-11-27T12:00:03Z', null],
    ['Fri, 99 Nov 2026 12:00:03 GMT', null],
    ['Friday, 27-Nov-26 12:00:03 GMT', null],
    ['', null],
  ];
  for (const [value, expected] of waits) {
    test(`Retry-After: ${value}`, () => assert.equal(retryAfterMs(fields(value), NOW), expected));
  }

  test('a gRPC status counts where it is all there is, and the client speaks gRPC', () => {
    const trailersOnly = (status: string, length = 0): LocalHead =>
      new LocalHead(200, ['content-type', 'grpc-status'], ['application/grpc', status], length);
    assert.deepEqual(answeredFailure(trailersOnly('14'), true), { kind: 'grpc', code: 14 });
    for (const status of ['0', '', 'x', '014', '123'])
      assert.equal(answeredFailure(trailersOnly(status), true), null);
    assert.equal(answeredFailure(trailersOnly('14'), false), null);
    assert.equal(answeredFailure(trailersOnly('14', 5), true), null);
  });
});
