import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RequestStats } from '../proxy/exchange/request-stats.ts';
import { FailingBackends } from './failing-backends.ts';

const stats = (byReason: RequestStats['byReason'], name = 'api'): RequestStats => ({
  gateway: null,
  listener: null,
  rule: null,
  backend: { kind: 'Service', namespace: 'default', name, section: 'http' },
  byClass: [],
  byReason,
  requestBytes: 0,
  responseBytes: 0,
  retries: {},
  duration: { boundsMs: [], counts: [], sumMs: 0 },
});

suite('backends that do not answer', () => {
  test('one line for each backend and minute, with what is new since the last', () => {
    const failing = new FailingBackends();
    assert.deepEqual(failing.linesFor([stats({ connect_failed: 30 }), stats({ connect_failed: 7 })], 0), [
      'Service default/api:http: 37 requests failed (37 connect_failed: The gateway could not connect to any endpoint.)',
    ]);
    assert.deepEqual(failing.linesFor([stats({ connect_failed: 40 })], 59_000), []);
    assert.deepEqual(failing.linesFor([stats({ connect_failed: 40, upstream_reset: 1 })], 60_000), [
      'Service default/api:http: 4 requests failed (3 connect_failed: The gateway could not connect to any endpoint. 1 upstream_reset: The backend closed the connection before its response was complete.)',
    ]);
  });

  test('a backend of its own does not wait for another', () => {
    const failing = new FailingBackends();
    failing.linesFor([stats({ connect_failed: 1 })], 0);
    const [line] = failing.linesFor(
      [stats({ connect_failed: 1 }), stats({ connect_timeout: 1 }, 'shop')],
      5_000,
    );
    assert.match(line ?? '', /^Service default\/shop:http: 1 request failed/);
  });

  test("what is not the backend's fault, and what worked, is not reported", () => {
    const failing = new FailingBackends();
    assert.deepEqual(failing.linesFor([stats({ client_closed: 3, bad_request: 2 })], 0), []);
  });
});
