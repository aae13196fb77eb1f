import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

const host = 'shop.example';

test('quickstart: every rule of the route takes its requests', async (t) => {
  const shop = await startExample(t, 'quickstart');

  const api = await shop.echo({ host, path: '/api/items?page=2' });
  assert.equal(api.name, 'default/api');
  assert.equal(api.path, '/items?page=2');
  assert.equal(
    (await shop.echo({ host, path: '/apiary', headers: { 'x-user-group': 'beta' } })).name,
    'default/storefront-v2',
  );

  const redirect = await shop.send({ host, path: '/boutique/hats' });
  assert.equal(redirect.status, 301);
  assert.equal(redirect.headers.location, `http://${host}/shop/hats`);

  assert.deepEqual(await shop.tally(40, { host }), {
    'default/storefront-v1': 30,
    'default/storefront-v2': 10,
  });
  assert.equal((await shop.send({ host: 'nowhere.example' })).status, 404);
});

test('quickstart: the backend is told who asked, and nothing that the client made up', async (t) => {
  const shop = await startExample(t, 'quickstart');
  const { headers } = await shop.echo({
    host,
    headers: { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https', 'x-request-id': 'mine' },
  });
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.equal(headers['x-forwarded-proto'], 'http');
  assert.notEqual(headers['x-request-id'], 'mine');
});
