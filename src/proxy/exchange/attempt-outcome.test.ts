import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutcomeSink } from '../upstream/health/outcome.ts';
import { LocalHead } from '../message/head.ts';
import type { Failure } from './retry.ts';
import { responseBegan, responseEnded, attemptFailed } from './attempt-outcome.ts';

class Sink implements OutcomeSink {
  readonly heard: (number | 'failed')[] = [];
  answered(status: number): void {
    this.heard.push(status);
  }
  failed(): void {
    this.heard.push('failed');
  }
}

const grpcStatus = (value: string, hasBody = false): LocalHead =>
  new LocalHead(200, ['grpc-status'], [value], hasBody ? 1 : 0);

/** What an answer says: head, then its end. */
function said(head: LocalHead, trailers: LocalHead | null, isGrpc: boolean): readonly unknown[] {
  const sink = new Sink();
  responseBegan(sink, head, isGrpc);
  responseEnded(sink, head.status, trailers, isGrpc);
  return sink.heard;
}

test('an answer counts once: errors when they begin, others when they are complete', () => {
  for (const status of [101, 200, 204, 404, 500, 503]) {
    assert.deepEqual(said(new LocalHead(status, [], []), null, false), [status]);
  }
  const sink = new Sink();
  responseBegan(sink, new LocalHead(200, [], [], 10), false);
  assert.deepEqual(sink.heard, [], 'a body may still break off');
});

test('gRPC: the status counts, in the head alone or in trailers', () => {
  const body = new LocalHead(200, [], [], 1);
  for (const [status, counts] of [
    ['0', [200]],
    ['2', [500]],
    ['4', []],
    ['5', [200]],
    ['12', []],
    ['13', [500]],
    ['14', [503]],
    ['15', [500]],
  ] as const) {
    assert.deepEqual(said(grpcStatus(status), null, true), counts, `only trailers: ${status}`);
    assert.deepEqual(said(body, grpcStatus(status), true), counts, `trailers: ${status}`);
  }
  assert.deepEqual(said(grpcStatus('14'), null, false), [200], 'a client that does not speak gRPC');
  assert.deepEqual(said(new LocalHead(503, [], []), null, true), [503]);
});

test('failures: only what the endpoint did', () => {
  const failures: readonly (readonly [Failure, readonly unknown[]])[] = [
    [{ kind: 'connect', reason: 'connect_failed' }, []],
    [{ kind: 'refused' }, []],
    [{ kind: 'reset', wasReused: true }, []],
    [{ kind: 'reset', wasReused: false }, ['failed']],
    [{ kind: 'invalid' }, ['failed']],
    [{ kind: 'timeout' }, ['failed']],
  ];
  for (const [failure, heard] of failures) {
    const sink = new Sink();
    attemptFailed(sink, failure);
    assert.deepEqual(sink.heard, heard, failure.kind);
  }
});
