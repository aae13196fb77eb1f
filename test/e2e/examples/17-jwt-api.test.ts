import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';
import { REPOSITORY } from '../../support/sluice-process.ts';

const host = 'orders.example';

/** Those that the README shows. */
const [valid = '', forBilling = ''] = [
  ...readFileSync(join(REPOSITORY, 'examples/17-jwt-api/README.md'), 'utf8').matchAll(/Bearer (ey[\w.-]+)/g),
].map(([, token]) => token);

const bearer = (token: string): { host: string; headers: Record<string, string> } => ({
  host,
  headers: { authorization: `Bearer ${token}` },
});

test('JWT API: a token opens every path, the health check needs none', async (t) => {
  const orders = await startExample(t, '17-jwt-api');
  assert.equal((await orders.send({ host })).status, 401);
  assert.equal((await orders.send(bearer(valid))).status, 200);
  assert.equal((await orders.send(bearer(forBilling))).status, 401);
  assert.equal((await orders.send({ path: '/healthz', host })).status, 200);
});

test('JWT API: the name of the user comes from the token alone', async (t) => {
  const orders = await startExample(t, '17-jwt-api');
  const { headers } = bearer(valid);
  const { headers: received } = await orders.echo({ host, headers: { ...headers, 'x-user': 'root' } });
  assert.equal(received['x-user'], 'ada');
  const { headers: exempt } = await orders.echo({ path: '/healthz', host, headers: { 'x-user': 'root' } });
  assert.equal(exempt['x-user'], undefined);
});

test('JWT API: a typo in the name of the Gateway is reported as an error', async (t) => {
  const orders = await startExample(t, '17-jwt-api');
  orders.edit('auth.yaml', (text) => text.replace('name: web', 'name: wbe'));
  const { findings } = await orders.sluice.until(({ findings: found }) =>
    found.some(({ code }) => code === 'policy-target-not-found'),
  );
  assert.equal(findings.find(({ code }) => code === 'policy-target-not-found')?.severity, 'error');
});
