/** Policies of listeners act on the responses to requests that reach no rule: once the listener is known, and no sooner. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { actingFilter, Journal } from '../../../test/support/acting-filter.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { exchangeOnce, HOST, type Received, type Version } from '../../../test/support/reply-client.ts';
import { onTls } from '../../../test/support/reply-scenes.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { HeaderEdit } from '../../ir/filter.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { PolicyValue, PolicyValueOf } from '../../ir/policy-value.ts';
import type { FilterDefinition } from './definition.ts';
import { FilterTable } from './filter-table.ts';
import { BUILT_IN_FILTERS } from './filters.ts';

type StampPolicy = PolicyValueOf<'stamp', { readonly value: string }>;

const STAMP: FilterDefinition<StampPolicy> = {
  kind: 'stamp',
  stages: { response: 'response-headers' },
  precedence: 'backend',
  compile: ({ settings: { value } }) => ({ responseEdit: edit(value) }),
  describe: ({ settings: { value } }) => `stamp ${value}`,
};
const edit = (value: string): HeaderEdit => ({ set: [{ name: 'x-stamp', value }], add: [], remove: [] });

const stamp = (value: string): readonly PolicyValue[] => [{ kind: 'stamp', settings: { value }, from: [] }];

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const GET = { method: 'GET', path: '/', fields: [] };

/** Every listener with its policies. */
const onListeners = (
  config: GatewayConfig,
  policiesOf: (hostname: string) => readonly PolicyValue[],
): GatewayConfig => ({
  ...config,
  ports: config.ports.map((port) => ({
    ...port,
    listeners: port.listeners.map((listener) => ({
      ...listener,
      policies: policiesOf(listener.kind === 'http' ? listener.hostname : ''),
    })),
  })),
});

async function serve(t: TestContext, config: GatewayConfig, more: readonly FilterDefinition[] = []) {
  const filters = new FilterTable([...BUILT_IN_FILTERS, STAMP, ...more]);
  const proxy = await TestProxy.start(config, {}, { filters });
  t.after(() => proxy.stop());
  return proxy;
}

const stampOf = ({ fields }: Received): string | undefined =>
  fields.find(([name]) => name === 'x-stamp')?.[1];

const nothing = testConfig({
  hostname: HOST,
  rules: [{ pathPrefix: '/served', backends: [testBackend('a')] }],
});

suite('a policy of a listener', () => {
  for (const version of VERSIONS) {
    test(`acts on the 404 of a request without a rule, over ${version}`, async (t) => {
      const proxy = await serve(
        t,
        onListeners(nothing, () => stamp('web')),
      );
      const response = await exchangeOnce(proxy, version, GET);
      assert.deepEqual([response.status, stampOf(response)], [404, 'web']);
      assert.equal(proxy.records[0]?.reason, 'no_rule');
    });

    test(`acts on the 421 of the connection that the request came on, over ${version}`, async (t) => {
      const scene = await onTls();
      assert.ok(scene.adapt !== undefined);
      const config = scene.adapt(
        testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [] } }),
      );
      const proxy = await serve(
        t,
        onListeners(config, (hostname) => stamp(hostname)),
      );
      const response = await exchangeOnce({ port: proxy.port, ...scene.target }, version, GET);
      assert.deepEqual([response.status, stampOf(response)], [421, 'other.example']);
    });
  }

  test('does not act on requests whose host belongs to no listener, nor on heads that are refused', async (t) => {
    const proxy = await serve(
      t,
      onListeners(testConfig({ hostname: 'b.example', rules: [] }), () => stamp('web')),
    );
    const response = await exchangeOnce(proxy, 'HTTP/1.1', GET);
    assert.deepEqual([response.status, stampOf(response)], [404, undefined]);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nhost: b.example\r\ncontent-length: x\r\n\r\n');
    const refused = await client.readResponse();
    assert.deepEqual([refused.status, refused.header('x-stamp')], [400, undefined]);
  });

  test('leaves responses of rules to the policies of the rules', async (t) => {
    const config = testConfig({
      rules: [
        { pathPrefix: '/plain', backends: [] },
        { pathPrefix: '/own', backends: [], policies: stamp('rule') },
      ],
    });
    const proxy = await serve(
      t,
      onListeners(config, () => stamp('listener')),
    );
    for (const [path, expected] of [
      ['/plain', undefined],
      ['/own', 'rule'],
    ] as const) {
      const response = await exchangeOnce(proxy, 'HTTP/1.1', { ...GET, path });
      assert.deepEqual([response.status, stampOf(response)], [500, expected]);
    }
  });

  test('acts on the 500 of a rule that cannot be compiled', async (t) => {
    const policies = [{ kind: 'captcha', settings: {}, from: [] }];
    const config = testConfig({ rules: [{ backends: [], policies }] });
    const proxy = await serve(
      t,
      onListeners(config, () => stamp('listener')),
    );
    const response = await exchangeOnce(proxy, 'HTTP/1.1', GET);
    assert.deepEqual([response.status, stampOf(response)], [500, 'listener']);
    assert.equal(proxy.records[0]?.reason, 'invalid_rule');
  });

  test('may wait, until its client leaves', async (t) => {
    const journal = new Journal();
    const policy = { kind: 'acting', onRequest: 'continue', onResponse: 'wait, continue' } as unknown;
    const acting = actingFilter(journal, { response: 'error-page' });
    const proxy = await serve(
      t,
      onListeners(nothing, () => [policy as PolicyValue]),
      [acting],
    );
    const response = exchangeOnce(proxy, 'HTTP/1.1', GET);
    await journal.happened('waits');
    journal.resume();
    assert.equal((await response).status, 404);
    const leaving = await proxy.connect();
    leaving.send('GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n');
    await journal.happened('waits', 2);
    leaving.socket.resetAndDestroy();
    await journal.happened('cancelled');
    assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
  });

  test('is replaced with the configuration', async (t) => {
    const proxy = await serve(
      t,
      onListeners(nothing, () => stamp('one')),
    );
    await proxy.apply({ ...onListeners(nothing, () => stamp('two')), version: '2' });
    assert.equal(stampOf(await exchangeOnce(proxy, 'HTTP/1.1', GET)), 'two');
    await proxy.apply({ ...nothing, version: '3' });
    assert.equal(stampOf(await exchangeOnce(proxy, 'HTTP/1.1', GET)), undefined);
  });

  test('closes the listener where it is of a kind that cannot act there', async (t) => {
    const config = testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [] } });
    for (const kind of ['captcha', 'external-auth']) {
      const proxy = await serve(
        t,
        onListeners(config, () => [{ kind, settings: {}, from: [] }]),
      );
      const response = await exchangeOnce(proxy, 'HTTP/1.1', GET);
      assert.deepEqual([response.status, proxy.records[0]?.reason], [500, 'invalid_rule'], kind);
    }
  });
});
