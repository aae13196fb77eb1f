import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseH2Load } from './h2load.ts';

const said = (requests: string, codes: string): string => `
finished in 1.00s, 40123.00 req/s, 5.10MB/s
requests: ${requests}
status codes: ${codes}
traffic: 5.10MB (5347382) total, 315.66KB (323232) headers (space savings 95.00%), 4.59MB (4814760) data
                     min         max         mean         sd        +/- sd
time for request:      500us     10.00ms      1.20ms       310us    80.00%
`;

test('totals of h2load, to the request and the byte', () => {
  const text = said(
    '40123 total, 40323 started, 40123 done, 40123 succeeded, 0 failed, 0 errored, 0 timeout',
    '40123 2xx, 0 3xx, 0 4xx, 0 5xx',
  );
  assert.deepEqual(parseH2Load(text), { requests: 40123, failed: 0, bodyBytes: 4814760 });
});

test('every way to fail counts: reset, cut off, too late, and answered with an error', () => {
  const failed = (requests: string, codes: string): number | undefined =>
    parseH2Load(said(requests, codes))?.failed;
  const clean = '100 2xx, 0 3xx, 0 4xx, 0 5xx';
  assert.equal(
    failed('100 total, 100 started, 100 done, 97 succeeded, 3 failed, 0 errored, 0 timeout', clean),
    3,
  );
  assert.equal(
    failed('100 total, 100 started, 100 done, 96 succeeded, 0 failed, 4 errored, 0 timeout', clean),
    4,
  );
  assert.equal(
    failed('100 total, 100 started, 100 done, 95 succeeded, 0 failed, 0 errored, 5 timeout', clean),
    5,
  );
  const refused = '90 2xx, 0 3xx, 0 4xx, 10 5xx';
  assert.equal(
    failed('100 total, 100 started, 100 done, 100 succeeded, 0 failed, 0 errored, 0 timeout', refused),
    10,
  );
});

test('a run that was cut short has no totals', () => {
  assert.equal(parseH2Load('Could not connect to host\n'), null);
});
