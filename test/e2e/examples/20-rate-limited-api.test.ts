import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

const host = 'api.example';

test('rate-limited API: limits add up, and health checks are exempt', async (t) => {
  const api = await startExample(t, '20-rate-limited-api');
  const statuses = async (path: string, count: number): Promise<string> => {
    const all: number[] = [];
    for (let index = 0; index < count; index++) all.push((await api.send({ host, path })).status);
    return all.join(' ');
  };
  assert.equal(await statuses('/login', 5), '200 200 200 429 429');
  assert.equal(await statuses('/items', 8), '200 200 200 200 200 200 200 429');
  assert.equal(await statuses('/login', 1), '429');
  assert.equal(await statuses('/healthz', 15), Array.from({ length: 15 }, () => '200').join(' '));
  const { headers } = await api.send({ host, path: '/items' });
  const retryAfter = Number(headers['retry-after']);
  assert.ok(retryAfter > 0 && retryAfter <= 20, String(headers['retry-after']));
  assert.equal(headers['ratelimit-policy'], '"per-client";q=30;w=600');
});
