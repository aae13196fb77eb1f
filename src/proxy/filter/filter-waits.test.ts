/** What a wait of a filter must survive: other requests in the same buffer, a second filter that waits, and a time limit that has passed. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { actingFilter, Journal } from '../../../test/support/acting-filter.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { headers, request } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { exchangeOnce, type Version } from '../../../test/support/reply-client.ts';
import { auth } from '../../../test/support/reply-scenes.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { Filter, UrlRewriteFilter } from '../../ir/filter.ts';
import { DEFAULT_TIMEOUTS } from '../../ir/policy.ts';
import type { Timeouts } from '../../ir/policy.ts';
import { Deadlines, NO_LIMITS } from '../exchange/deadlines.ts';
import { FilterTable } from './filter-table.ts';
import { BUILT_IN_FILTERS } from './filters.ts';

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];

const REWRITE: UrlRewriteFilter = { kind: 'url-rewrite', hostname: 'rewritten.example', path: null };
const waiting = (on: 'onRequest' | 'onResponse', act: string): Filter =>
  ({ kind: 'acting', onRequest: 'continue', onResponse: 'continue', [on]: act }) as unknown as Filter;

async function scripted(t: TestContext): Promise<ScriptedBackend> {
  const backend = await ScriptedBackend.start();
  t.after(() => backend.stop());
  return backend;
}

suite('a filter that waits after the request to send has been composed', () => {
  for (const version of VERSIONS) {
    test(`keeps the head of its own request, over ${version}`, async (t) => {
      const journal = new Journal();
      const backend = await scripted(t);
      const config = testConfig({
        rules: [{ backends: [testBackend('a')], filters: [REWRITE, waiting('onRequest', 'wait, continue')] }],
        endpoints: { a: [backend.port] },
      });
      const filters = new FilterTable([...BUILT_IN_FILTERS, actingFilter(journal, { request: 'mirror' })]);
      const proxy = await TestProxy.start(config, {}, { filters });
      t.after(() => proxy.stop());
      await askWithSecret(t, proxy, version, { path: '/first', secret: 'A'.repeat(16) });
      await journal.happened('waits');
      const resumeFirst = journal.waits.splice(0);
      // Of the same length, in the buffer that the first head was read into.
      await askWithSecret(t, proxy, version, { path: '/other', secret: 'B'.repeat(16) });
      await journal.happened('waits', 2);
      for (const resume of resumeFirst) resume();
      const head = await (await backend.connection()).readThrough('\r\n\r\n');
      assert.match(head, /^GET \/first HTTP\/1.1\r\n/);
      assert.match(head, /^host: rewritten\.example\r$/im);
      assert.match(head, /^x-secret: A{16}\r$/im);
      assert.doesNotMatch(head, /B{16}|other/);
    });
  }
});

async function askWithSecret(
  t: TestContext,
  proxy: TestProxy,
  version: Version,
  { path, secret }: { readonly path: string; readonly secret: string },
): Promise<void> {
  if (version === 'HTTP/2') {
    const peer = await H2Peer.connect(proxy.port);
    t.after(() => peer.raw.destroy());
    peer.send(headers(1, request({ ':path': path, ':authority': 'a.example' }, ['x-secret', secret]), true));
    return;
  }
  const client = await proxy.connect();
  t.after(() => client.destroy());
  client.send(`GET ${path} HTTP/1.1\r\nhost: a.example\r\nx-secret: ${secret}\r\n\r\n`);
}

suite('a response filter that holds back the denial of an auth server', () => {
  async function denied(t: TestContext, timeouts: Timeouts, act: string) {
    const journal = new Journal();
    const server = await scripted(t);
    const config = testConfig({
      rules: [
        { backends: [testBackend('a')], timeouts, filters: [auth('http'), waiting('onResponse', act)] },
      ],
      clusters: [testCluster('a'), testCluster('auth')],
      endpoints: { a: [], auth: [server.port] },
    });
    const filters = new FilterTable([
      ...BUILT_IN_FILTERS,
      actingFilter(journal, { response: 'custom-response' }),
    ]);
    const proxy = await TestProxy.start(config, {}, { filters });
    t.after(() => proxy.stop());
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send('GET /x HTTP/1.1\r\nhost: a.example\r\n\r\n');
    const asked = await server.connection();
    await asked.waitFor('\r\n\r\n');
    asked.send('HTTP/1.1 403 Forbidden\r\ncontent-length: 100\r\n\r\nhalf');
    await journal.happened('waits');
    return { proxy, client, asked, journal };
  }

  test('lets go of the auth server when the client leaves', async (t) => {
    const { proxy, client, asked, journal } = await denied(t, DEFAULT_TIMEOUTS, 'wait for good');
    client.socket.resetAndDestroy();
    await journal.happened('cancelled');
    await asked.waitForEnd();
    assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
    assert.equal(proxy.records[0]?.reason, 'client_closed');
  });

  test('lets go of the auth server when the time of the request is over', async (t) => {
    const { client, asked, journal } = await denied(
      t,
      { ...DEFAULT_TIMEOUTS, requestMs: 60 },
      'wait for good',
    );
    await journal.happened('cancelled');
    assert.equal((await client.readResponse()).status, 504);
    await asked.waitForEnd();
  });

  test('lets go of the auth server when it answers itself', async (t) => {
    const { client, asked, journal } = await denied(t, DEFAULT_TIMEOUTS, 'wait, answer');
    journal.resume();
    assert.equal((await client.readResponse()).status, 418);
    await asked.waitForEnd();
  });
});

suite('a response filter that waits on the reply to a time limit', () => {
  for (const [limit, reason] of [
    ['requestMs', 'request_timeout'],
    ['backendRequestMs', 'backend_timeout'],
    ['streamIdleMs', 'stream_idle'],
  ] as const) {
    for (const version of VERSIONS) {
      test(`is not cut off by the limit ${limit}, over ${version}`, async (t) => {
        const journal = new Journal();
        const backend = await scripted(t);
        const timeouts = { ...DEFAULT_TIMEOUTS, [limit]: 60 };
        const rule = { backends: [testBackend('a')], timeouts };
        const config = testConfig({
          rules: [{ ...rule, filters: [waiting('onResponse', 'wait, continue')] }],
          endpoints: { a: [backend.port] },
        });
        const filters = new FilterTable([actingFilter(journal, { response: 'custom-response' })]);
        const proxy = await TestProxy.start(config, {}, { filters });
        t.after(() => proxy.stop());
        const response = exchangeOnce(proxy, version, { method: 'GET', path: '/', fields: [] });
        await journal.happened('waits');
        // Longer than the limit, with the steps in which limits are checked.
        await new Promise((resolve) => setTimeout(resolve, 200));
        assert.ok(!journal.events.includes('cancelled'));
        journal.resume();
        const { status, fields } = await response;
        assert.equal(status, 504);
        assert.deepEqual(
          fields.find(([name]) => name === 'x-response-edit'),
          ['x-response-edit', 'set'],
        );
        assert.deepEqual(journal.events, [`response 504 ${reason}`, 'waits']);
      });
    }
  }

  test('has a limit of its own, in place of those of the request', () => {
    const limits = new Deadlines({ requestMs: 60, streamIdleMs: 100 }, 0, 50);
    limits.attemptAt = 40;
    limits.retryAt = 45;
    assert.equal(limits.next, 25);
    limits.keepOnlyReply(60);
    assert.equal(limits.next, 10_060);
    limits.keepOnlyReply(5_000);
    assert.equal(limits.next, 10_060, 'one wait after the other does not move it');
    assert.equal(limits.expired(10_059), null);
    assert.equal(limits.expired(10_060), 'reply');
    assert.equal(limits.next, Infinity);
  });

  test('has that limit also where no rule sets any', () => {
    const limits = new Deadlines(NO_LIMITS, 0, 0);
    assert.equal(limits.next, Infinity);
    limits.keepOnlyReply(7);
    assert.equal(limits.next, 10_007);
  });
});
