import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample, type Example } from '../../support/example.ts';

const statusOf = async (shop: Example, path: string, client?: string): Promise<number> => {
  const headers = client === undefined ? {} : { 'x-forwarded-for': client };
  return (await shop.send({ host: 'shop.example', path, headers })).status;
};

test('allow list: office and partners reach the administration, a blocked address nothing', async (t) => {
  const shop = await startExample(t, '16-allow-list');
  assert.equal(await statusOf(shop, '/'), 200);
  assert.equal(await statusOf(shop, '/admin'), 403);
  for (const client of ['203.0.113.7', '2001:db8::9', '198.51.100.1', '192.0.2.7']) {
    assert.equal(await statusOf(shop, '/admin', client), 200, client);
  }
  for (const client of ['198.51.100.200', '192.0.2.8', '203.0.113.66']) {
    assert.equal(await statusOf(shop, '/admin', client), 403, client);
  }
  assert.equal(await statusOf(shop, '/', '203.0.113.66'), 403);
  assert.equal(
    await statusOf(shop, '/admin', '203.0.113.7, 198.51.100.200'),
    403,
    'the nearest untrusted hop counts',
  );
});

test('allow list: a bad line closes the administration, and nothing else', async (t) => {
  const shop = await startExample(t, '16-allow-list');
  shop.edit('policies.yaml', (text) => text.replace('192.0.2.7', '192.0.2.700'));
  await shop.sluice.untilServed(({ findings }) => findings.some(({ code }) => code === 'cidr-list'));
  assert.equal(await statusOf(shop, '/admin', '203.0.113.7'), 500);
  assert.equal(await statusOf(shop, '/', '203.0.113.7'), 200);
});
