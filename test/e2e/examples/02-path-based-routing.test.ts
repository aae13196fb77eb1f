import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

const host = 'store.example';

/** `[path asked for, backend, path the backend sees]` */
const GETS = [
  ['/', 'home', '/'],
  ['/cart', 'cart', '/cart'],
  ['/cart/items', 'cart', '/cart/items'],
  ['/cart/', 'cart', '/cart/'],
  ['/cartoon', 'home', '/cartoon'],
  ['/cart/checkout', 'cart', '/cart/checkout'],
  ['/products/42', 'products', '/products/42'],
  ['/products/42/reviews', 'home', '/products/42/reviews'],
  ['/products/new', 'home', '/products/new'],
  ['/api', 'api', '/v2'],
  ['/api/orders?open=1', 'api', '/v2/orders?open=1'],
  // Normalized once, before the match, and forwarded as matched.
  ['/api/../cart', 'cart', '/cart'],
  ['/%61pi/orders', 'api', '/v2/orders'],
  ['/x/./../cart/items', 'cart', '/cart/items'],
] as const;

test('path-based routing: the most specific path wins, regardless of the order of rules', async (t) => {
  const store = await startExample(t, '02-path-based-routing');
  for (const [path, backend, seen] of GETS) {
    const answer = await store.echo({ host, path });
    assert.deepEqual([answer.name, answer.path], [`default/${backend}`, seen], path);
  }
});

test('path-based routing: an exact path counts with its method only', async (t) => {
  const store = await startExample(t, '02-path-based-routing');
  const name = async (method: string, path: string): Promise<string> =>
    (await store.echo({ host, method, path })).name;
  assert.equal(await name('POST', '/cart/checkout'), 'default/checkout');
  assert.equal(await name('PUT', '/cart/checkout'), 'default/cart');
  assert.equal(await name('POST', '/cart/checkout/now'), 'default/cart');
});
