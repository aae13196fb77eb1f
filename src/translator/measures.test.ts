import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readMeasures } from './measures.ts';

const UNITS = { 'timeouts.request': 'duration', 'retry.maxBodySize': 'bytes' } as const;

test('durations become milliseconds and sizes bytes, at their paths and nowhere else', () => {
  const spec = {
    timeouts: { request: '1m30s', other: '1m30s' },
    retry: { maxBodySize: '64Ki', codes: [503], empty: {} },
    request: '5s',
  };
  const { settings, unreadable } = readMeasures(spec, UNITS);
  const request: number = settings.timeouts.request;
  assert.equal(request, 90_000);
  assert.deepEqual(settings, {
    timeouts: { request: 90_000, other: '1m30s' },
    retry: { maxBodySize: 65_536, codes: [503], empty: {} },
    request: '5s',
  });
  assert.equal(settings.retry.codes, spec.retry.codes);
  assert.deepEqual(unreadable, []);
  assert.deepEqual(readMeasures({ retry: { maxBodySize: 7 } }, UNITS).settings, {
    retry: { maxBodySize: 7 },
  });
  assert.deepEqual(readMeasures({ retry: { maxBodySize: null } }, UNITS).settings, {
    retry: { maxBodySize: null },
  });
});

test('what cannot be read is left out and reported', () => {
  const { settings, unreadable } = readMeasures(
    { timeouts: { request: 'soon' }, retry: { maxBodySize: 'big', attempts: 1 } },
    UNITS,
  );
  assert.deepEqual(settings, { timeouts: {}, retry: { attempts: 1 } });
  assert.deepEqual(unreadable, [
    { path: 'timeouts.request', text: 'soon', why: '"soon" is not a duration, such as 250ms or 1m.' },
    { path: 'retry.maxBodySize', text: 'big', why: '"big" is not a size, such as 64Ki.' },
  ]);
});
