/** A redirect that changes only the scheme to https comes before authentication; any other comes after it. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testCluster, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { exchangeOnce, type Received, type Version } from '../../../test/support/reply-client.ts';
import { auth } from '../../../test/support/reply-scenes.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { RedirectFilter } from '../../ir/filter.ts';

const UPGRADE: RedirectFilter = {
  kind: 'redirect',
  scheme: 'https',
  hostname: null,
  path: null,
  port: null,
  status: 301,
};

const OTHERS: readonly Partial<RedirectFilter>[] = [
  { hostname: 'b.example' },
  { path: { kind: 'full', value: '/secret' } },
  { scheme: 'http' },
  { scheme: null, port: 8080 },
];

async function ask(
  t: TestContext,
  version: Version,
  rule: TestRule,
  method = 'GET',
): Promise<{ readonly response: Received; readonly questions: number }> {
  const server = await ScriptedBackend.start(async (connection) => {
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
  });
  t.after(() => server.stop());
  const config = testConfig({
    rules: [rule],
    clusters: [testCluster('a'), testCluster('auth')],
    endpoints: { a: [], auth: [server.port] },
  });
  const proxy = await TestProxy.start(config);
  t.after(() => proxy.stop());
  const response = await exchangeOnce(proxy, version, { method, path: '/x?y=1', fields: [] });
  return { response, questions: server.connections.length };
}

const locationOf = ({ fields }: Received): string | undefined =>
  fields.find(([name]) => name === 'location')?.[1];

suite('a redirect to https', () => {
  for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
    test(`comes before authentication, over ${version}`, async (t) => {
      for (const port of [null, 8443]) {
        const filters = [auth('http'), { ...UPGRADE, port }];
        const { response, questions } = await ask(t, version, { filters, backends: [testBackend('a')] });
        assert.deepEqual([response.status, questions], [301, 0]);
        const authority = port === null ? 'a.example' : 'a.example:8443';
        assert.equal(locationOf(response), `https://${authority}/x?y=1`);
      }
    });

    test(`that changes anything else comes after it, over ${version}`, async (t) => {
      for (const change of OTHERS) {
        const filters = [auth('http'), { ...UPGRADE, ...change }];
        const { response, questions } = await ask(t, version, { filters, backends: [testBackend('a')] });
        assert.deepEqual([response.status, questions], [403, 1], JSON.stringify(change));
      }
    });
  }

  test('comes before the checks of the gateway', async (t) => {
    const rule = { filters: [UPGRADE], backends: [testBackend('a')] };
    assert.equal((await ask(t, 'HTTP/1.1', rule, 'TRACE')).response.status, 301);
  });

  test('of a backend comes before its authentication', async (t) => {
    const backend = { ...testBackend('a'), filters: [auth('http'), UPGRADE] };
    const { response, questions } = await ask(t, 'HTTP/1.1', { backends: [backend] });
    assert.deepEqual([response.status, questions], [301, 0]);
  });
});
