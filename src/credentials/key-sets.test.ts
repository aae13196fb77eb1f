import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { KeyServer } from '../../test/support/key-server.ts';
import { jwksOf, signingKey } from '../../test/support/token-issuer.ts';
import { keySetId } from '../ir/ids.ts';
import type { KeySetSource } from '../ir/key-set.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { fetchKeySet, refusedAddress } from './fetch-key-set.ts';
import { KEY_SET_TIMES, type KeySetTimes } from './fetched-key-set.ts';
import { FetchingFeed } from './key-set-feed.ts';
import { KeySets, type FollowedKeySet } from './key-sets.ts';

const ID = keySetId('uri keys');
const OLD = signingKey('ES256', 'old');
const NEW = signingKey('ES256', 'new');

async function serve(t: TestContext, jwks = jwksOf(OLD)): Promise<KeyServer> {
  const server = await KeyServer.start(jwks);
  t.after(() => server.stop());
  return server;
}

interface Lab {
  readonly feed: FetchingFeed;
  readonly keySets: KeySets;
  readonly followed: FollowedKeySet;
}

function follow(t: TestContext, source: KeySetSource, times: Partial<KeySetTimes> = {}): Lab {
  const feed = new FetchingFeed(SILENT_LOGGER, { ...KEY_SET_TIMES, ...times });
  t.after(() => {
    feed.close();
  });
  const keySets = new KeySets(feed);
  keySets.update([{ id: ID, source }]);
  const followed = keySets.get(ID);
  assert.ok(followed !== null);
  return { feed, keySets, followed };
}

const uriSource = ({ uri }: KeyServer): KeySetSource => ({ kind: 'uri', uri, allowsHttp: false });
const knows = ({ keys }: FollowedKeySet, kid: string): boolean =>
  (keys?.candidates('ES256', kid).length ?? 0) > 0;

suite('key sets', () => {
  test('inline keys are there at once', (t) => {
    const { followed } = follow(t, { kind: 'inline', jwks: jwksOf(OLD) });
    assert.ok(knows(followed, 'old'));
  });

  test('a key set is fetched by its address, or found by discovery', async (t) => {
    const server = await serve(t);
    for (const source of [uriSource(server), { kind: 'discovery' as const, issuer: server.issuer }]) {
      const { followed } = follow(t, source);
      assert.equal(followed.keys, null);
      await followed.waitForNewer();
      assert.ok(knows(followed, 'old'), source.kind);
    }
  });

  test('a rotation is found by refetch, and one flood of unknown keys fetches once', async (t) => {
    const server = await serve(t);
    const { followed } = follow(t, uriSource(server));
    await followed.waitForNewer();
    server.jwks = jwksOf(OLD, NEW);
    await Promise.all(Array.from({ length: 500 }, () => followed.waitForNewer()));
    assert.ok(knows(followed, 'new'));
    for (let count = 0; count < 100; count += 1) await followed.waitForNewer();
    assert.equal(server.fetches, 2);
  });

  test('the last good key set stays when the provider fails, and the same keys stay the same object', async (t) => {
    const server = await serve(t);
    const { followed, feed } = follow(t, uriSource(server), { refetchMs: 0 });
    await followed.waitForNewer();
    const { keys } = followed;
    assert.ok(keys !== null);
    for (const spoil of [
      () => (server.status = 500),
      () => (server.jwks = '{"keys":[]}'),
      () => (server.jwks = `{"keys":[],"pad":"${'x'.repeat(300_000)}"}`),
      () => (server.redirect = '/elsewhere'),
    ]) {
      const before = server.jwks;
      spoil();
      await followed.waitForNewer();
      assert.equal(followed.keys, keys);
      assert.notEqual(feed.states[0]?.problem, null);
      server.jwks = before;
      server.status = 200;
      server.redirect = '';
    }
    await followed.waitForNewer();
    assert.equal(followed.keys, keys);
    assert.equal(feed.states[0]?.problem, null);
  });

  test('keys are refreshed in the background, and a provider that comes up late is found', async (t) => {
    const server = await serve(t, 'not yet');
    const { followed, feed } = follow(t, uriSource(server), { retryMs: 5, refreshMs: 5, maxRetryMs: 5 });
    const changed = (): Promise<unknown> => new Promise((resolve) => feed.onChange(resolve));
    await changed();
    assert.equal(followed.keys, null);
    const second = changed();
    server.jwks = jwksOf(OLD);
    await second;
    assert.ok(knows(followed, 'old'));
    const third = changed();
    server.jwks = jwksOf(NEW);
    await third;
    assert.ok(knows(followed, 'new') && !knows(followed, 'old'));
  });

  test('nothing waits longer than 2 s, and never more than 256 requests', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const keySets = new KeySets({
      follow: () => undefined,
      jwksOf: () => null,
      onChange: () => undefined,
      refetch: () => new Promise<void>(() => undefined),
    });
    keySets.update([{ id: ID, source: { kind: 'discovery', issuer: 'https://id.example' } }]);
    const followed = keySets.get(ID);
    let waiting = 300;
    const waits = Array.from({ length: waiting }, async () => {
      await followed?.waitForNewer();
      waiting -= 1;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(waiting, 256);
    t.mock.timers.tick(2_000);
    await Promise.all(waits);
    assert.equal(waiting, 0);
  });

  test('a key set that no configuration names is not fetched any more', async (t) => {
    const server = await serve(t);
    const { followed, keySets, feed } = follow(t, uriSource(server), { refetchMs: 0 });
    await followed.waitForNewer();
    keySets.update([]);
    assert.equal(keySets.get(ID), null);
    assert.deepEqual(feed.states, []);
    await feed.refetch(ID);
    assert.equal(server.fetches, 1);
  });
});

suite('where keys are fetched from', () => {
  test('https everywhere; http only from this host, or where it is allowed', () => {
    for (const address of [
      'https://id.example/jwks',
      'http://127.0.0.1:8080/',
      'http://[::1]/',
      'http://localhost/',
    ]) {
      assert.equal(refusedAddress(address, false), null, address);
    }
    for (const address of ['http://id.example/', 'http://127.0.0.1.evil.example/', 'http://10.0.0.1/']) {
      assert.notEqual(refusedAddress(address, false), null, address);
      assert.equal(refusedAddress(address, true), null, address);
    }
    for (const address of [
      'ftp://id.example/',
      'file:///etc/passwd',
      'data:application/json,{}',
      'id.example',
      '',
    ]) {
      assert.notEqual(refusedAddress(address, true), null, address);
    }
  });

  test('discovery is believed only for its own issuer, and its key set may not be in the clear', async (t) => {
    const server = await serve(t);
    const source = { kind: 'discovery' as const, issuer: server.issuer };
    for (const [discovery, message] of [
      [{ issuer: 'https://other.example' }, /is for the issuer/],
      [{ jwks_uri: 'http://id.example/jwks' }, /is not encrypted/],
      [{ jwks_uri: 7 }, /has no jwks_uri/],
    ] as const) {
      server.discovery = discovery;
      const result = await fetchKeySet(source);
      assert.match(result.ok ? '' : result.failure, message);
    }
    assert.equal(server.fetches, 0);
  });

  test('a provider that is away is named with what went wrong', async (t) => {
    const server = await serve(t);
    const { uri } = server;
    await server.stop();
    t.mock.method(server, 'stop', () => Promise.resolve());
    const result = await fetchKeySet({ kind: 'uri', uri, allowsHttp: false });
    assert.match(result.ok ? '' : result.failure, /cannot be fetched: .*ECONNREFUSED/);
  });
});
