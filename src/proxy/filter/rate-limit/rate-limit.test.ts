/** What limits do to requests, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../../test/support/gateway-config.ts';
import type { RawClient } from '../../../../test/support/raw-client.ts';
import { inFlight, perMinute, rateLimits, testLimit } from '../../../../test/support/rate-limits.ts';
import {
  exchangeOnce,
  type Received,
  type Sent,
  type Version,
} from '../../../../test/support/reply-client.ts';
import { answering, ScriptedBackend, type Script } from '../../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../../test/support/test-proxy.ts';
import type { Filter } from '../../../ir/filter.ts';
import type { RateLimit } from '../../../ir/rate-limit.ts';
import type { WeightedBackend } from '../../../ir/route.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import { PRINCIPAL } from '../../exchange/principal.ts';
import type { FilterDefinition } from '../definition.ts';
import { FilterTable } from '../filter-table.ts';
import { BUILT_IN_FILTERS } from '../filters.ts';

/** Believes `x-user` and `x-client`. */
const TRUSTING: FilterDefinition = {
  kind: 'trusting',
  stages: { request: 'authentication' },
  precedence: 'both',
  compile: () => ({
    request: {
      kind: 'trusting',
      apply({ head }: Exchange, run: FilterRun) {
        const user = head.header('x-user') ?? '';
        const client = head.header('x-client') ?? '';
        if (user + client !== '') {
          run.keep(PRINCIPAL, { method: 'jwt', user, client, claims: { sub: user, groups: ['a', 'b'] } });
        }
        return 'continue';
      },
    },
  }),
  describe: () => 'trusting',
};
const AUTH = { kind: 'trusting' } as unknown as Filter;
const CORS: Filter = {
  kind: 'cors',
  allowOrigins: ['https://app.example'],
  allowCredentials: false,
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};

interface Served {
  readonly proxy: TestProxy;
  readonly send: (sent?: Partial<Sent>, version?: Version) => Promise<Received>;
  /** Statuses of requests, one after the other. */
  readonly statuses: (...sent: readonly Partial<Sent>[]) => Promise<number[]>;
}

async function serve(
  t: TestContext,
  limits: readonly RateLimit[],
  { filters = [AUTH], script = answering('ok') }: { filters?: readonly Filter[]; script?: Script } = {},
): Promise<Served> {
  const backend = await ScriptedBackend.start(script);
  const rule = { backends: [testBackend('a')], filters, policies: [rateLimits(...limits)] };
  const config = testConfig({
    rules: [{ ...rule, pathPrefix: '/other' }, rule],
    endpoints: { a: [backend.port] },
    settings: { trustedCidrs: ['127.0.0.0/8'] },
  });
  const table = new FilterTable([...BUILT_IN_FILTERS, TRUSTING]);
  const proxy = await TestProxy.start(config, {}, { filters: table });
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const send: Served['send'] = (sent = {}, version = 'HTTP/1.1') =>
    exchangeOnce(proxy, version, { method: 'GET', path: '/', fields: [], ...sent });
  return {
    proxy,
    send,
    statuses: async (...sent) => {
      const statuses: number[] = [];
      for (const one of sent) statuses.push((await send(one)).status);
      return statuses;
    },
  };
}

const from = (address: string): Partial<Sent> => ({ fields: [['x-forwarded-for', address]] });
const with_ = (...fields: readonly (readonly [string, string])[]): Partial<Sent> => ({ fields });
const valueOf = ({ fields }: Received, name: string): string | undefined =>
  fields.find(([known]) => known.toLowerCase() === name)?.[1];

describe('rate limits', () => {
  for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
    test(`so many requests pass over ${version}, and the next one is refused`, async (t) => {
      const { send, proxy } = await serve(t, [testLimit(perMinute(2))], { filters: [CORS] });
      const sent = with_(['origin', 'https://app.example']);
      assert.equal((await send(sent, version)).status, 200);
      assert.equal((await send(sent, version)).status, 200);
      const refused = await send(sent, version);
      assert.equal(refused.status, 429);
      assert.equal(valueOf(refused, 'access-control-allow-origin'), 'https://app.example');
      assert.equal(valueOf(refused, 'retry-after'), '30');
      const record = proxy.records.at(-1);
      assert.equal(record?.reason, 'rate_limited');
      assert.equal(record.refusedBy?.policyName, 'RateLimitPolicy/test/limits:per-client');
    });
  }

  test('burst is what passes at once', async (t) => {
    const { statuses } = await serve(t, [testLimit(perMinute(60, 3))]);
    assert.deepEqual(await statuses({}, {}, {}, {}), [200, 200, 200, 429]);
  });

  test('a request that one limit refuses uses up nothing of the others', async (t) => {
    const all = testLimit(perMinute(3), { name: 'all', id: 'all', key: [] });
    const each = testLimit(perMinute(1), { name: 'each', id: 'each' });
    const { statuses } = await serve(t, [all, each]);
    assert.deepEqual(
      await statuses(from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.1'), from('192.0.2.2')),
      [200, 429, 429, 200],
    );
    assert.deepEqual(await statuses(from('192.0.2.3'), from('192.0.2.4')), [200, 429]);
  });

  test('also where a limit by identity refuses what the limits before authentication let through', async (t) => {
    const all = testLimit(perMinute(3), { name: 'all', id: 'all', key: [] });
    const user = testLimit(perMinute(1), {
      name: 'user',
      id: 'user',
      key: [{ kind: 'claim', name: 'sub' }],
    });
    const { statuses } = await serve(t, [user, all]);
    const ada = with_(['x-user', 'ada']);
    assert.deepEqual(await statuses(ada, ada, ada, with_(['x-user', 'bob'])), [200, 429, 429, 200]);
    assert.deepEqual(await statuses(with_(['x-user', 'eve']), with_(['x-user', 'fay'])), [200, 429]);
  });

  test('a status of its own, and no fields', async (t) => {
    const { send, statuses } = await serve(t, [testLimit(perMinute(1), { status: 503, headers: 'none' })]);
    assert.deepEqual(await statuses({}), [200]);
    const refused = await send();
    assert.equal(refused.status, 503);
    for (const name of ['retry-after', 'ratelimit', 'ratelimit-policy'])
      assert.equal(valueOf(refused, name), undefined);
  });

  test('in mode Audit, requests over the limit pass, and are noted', async (t) => {
    const { send, proxy } = await serve(t, [testLimit(perMinute(1), { mode: 'audit' })]);
    await send();
    const over = await send();
    assert.equal(over.status, 200);
    assert.equal(valueOf(over, 'ratelimit'), undefined);
    assert.deepEqual(
      proxy.records.map(({ wouldRefuse }) => wouldRefuse.map(({ policyName }) => policyName)),
      [[], ['RateLimitPolicy/test/limits:per-client']],
    );
    assert.deepEqual(
      proxy.proxy.stats().policyRefusals.map(({ rule, mode, count }) => [rule, mode, count]),
      [['per-client', 'audit', 1]],
    );
  });
});

describe('keys', () => {
  const keyed = (...key: RateLimit['key']): RateLimit => testLimit(perMinute(1), { key });
  const cases: readonly {
    readonly name: string;
    readonly limit: RateLimit;
    readonly sent: readonly Partial<Sent>[];
    readonly statuses: readonly number[];
  }[] = [
    {
      name: 'IPv4 addresses are apart, IPv6 by /64',
      limit: keyed({ kind: 'client-ip', v4: 32, v6: 64 }),
      sent: ['192.0.2.1', '192.0.2.2', '2001:db8::1', '2001:db8::2', '2001:db8:0:1::1'].map(from),
      statuses: [200, 200, 200, 429, 200],
    },
    {
      name: 'IPv4 by /24',
      limit: keyed({ kind: 'client-ip', v4: 24, v6: 64 }),
      sent: ['192.0.2.1', '192.0.2.255', '192.0.3.1'].map(from),
      statuses: [200, 429, 200],
    },
    {
      name: 'an absent header is the empty value',
      limit: keyed({ kind: 'header', name: 'x-tenant' }),
      sent: [with_(['x-tenant', 'a']), with_(['x-tenant', 'b']), {}, {}, with_(['x-tenant', ''])],
      statuses: [200, 200, 200, 429, 429],
    },
    {
      name: 'cookies',
      limit: keyed({ kind: 'cookie', name: 'sid' }),
      sent: [with_(['cookie', 'sid=1']), with_(['cookie', 'a=b; sid=1']), with_(['cookie', 'sid=2']), {}, {}],
      statuses: [200, 429, 200, 200, 429],
    },
    {
      name: 'claims',
      limit: keyed({ kind: 'claim', name: 'sub' }),
      sent: [with_(['x-user', 'ada']), with_(['x-user', 'bob']), with_(['x-user', 'ada']), {}, {}],
      statuses: [200, 200, 429, 200, 429],
    },
    {
      name: 'claims with several values',
      limit: keyed({ kind: 'claim', name: 'groups' }),
      sent: [with_(['x-user', 'ada']), with_(['x-user', 'bob']), {}],
      statuses: [200, 429, 200],
    },
    {
      name: 'clients of API keys',
      limit: keyed({ kind: 'api-client' }),
      sent: [with_(['x-client', 'a']), with_(['x-client', 'b']), with_(['x-client', 'a']), {}, {}],
      statuses: [200, 200, 429, 200, 429],
    },
    {
      name: 'methods',
      limit: keyed({ kind: 'method' }),
      sent: [{ method: 'GET' }, { method: 'DELETE' }, { method: 'GET' }],
      statuses: [200, 200, 429],
    },
    {
      name: 'rules',
      limit: keyed({ kind: 'rule' }),
      sent: [{ path: '/' }, { path: '/other' }, { path: '/x' }],
      statuses: [200, 200, 429],
    },
    {
      name: 'none: one bucket for all rules',
      limit: keyed(),
      sent: [{ path: '/' }, { path: '/other' }],
      statuses: [200, 429],
    },
    {
      name: 'several parts, which cannot be shifted into each other',
      limit: keyed({ kind: 'header', name: 'a' }, { kind: 'header', name: 'b' }),
      sent: [with_(['a', 'x'], ['b', 'y']), with_(['a', 'xy'], ['b', '']), with_(['a', 'x'], ['b', 'y'])],
      statuses: [200, 200, 429],
    },
    {
      name: 'long values are told apart',
      limit: keyed({ kind: 'header', name: 'a' }),
      sent: ['1', '2', '1'].map((end) => with_(['a', 'x'.repeat(2_000) + end])),
      statuses: [200, 200, 429],
    },
  ];
  for (const { name, limit, sent, statuses } of cases) {
    test(name, async (t) => {
      const served = await serve(t, [limit]);
      assert.deepEqual(await served.statuses(...sent), statuses);
    });
  }
});

describe('requests that a limit does not count', () => {
  const matching = (match: Partial<RateLimit['match']>): RateLimit =>
    testLimit(perMinute(1), { key: [], match: { methods: [], headers: [], notCidrs: [], ...match } });

  test('by method', async (t) => {
    const { statuses } = await serve(t, [matching({ methods: ['POST', 'PUT'] })]);
    assert.deepEqual(
      await statuses({ method: 'GET' }, { method: 'POST' }, { method: 'GET' }, { method: 'PUT' }),
      [200, 200, 200, 429],
    );
  });

  test('by header', async (t) => {
    const headers = [{ name: 'x-tier', value: { kind: 'regex', pattern: 'free|trial' } }] as const;
    const { statuses } = await serve(t, [matching({ headers })]);
    const free = with_(['x-tier', 'free']);
    assert.deepEqual(
      await statuses(free, with_(['x-tier', 'paid']), {}, with_(['x-tier', 'trial'])),
      [200, 200, 200, 429],
    );
  });

  test('a header that cannot be matched is counted', async (t) => {
    const headers = [{ name: 'x-tier', value: { kind: 'regex', pattern: '[a-z]+free[0-9]' } }] as const;
    const { statuses } = await serve(t, [matching({ headers })]);
    const long = with_(['x-tier', 'x'.repeat(5_000)]);
    assert.deepEqual(await statuses(long, long), [200, 429]);
  });

  test('by network', async (t) => {
    const { statuses } = await serve(t, [matching({ notCidrs: ['10.0.0.0/8', 'fd00::/8'] })]);
    const clients = ['10.1.2.3', 'fd00::1', '192.0.2.1', '10.1.2.3', '192.0.2.1'].map(from);
    assert.deepEqual(await statuses(...clients), [200, 200, 200, 200, 429]);
  });
});

describe('fields', () => {
  test('Standard: what is left of each limit', async (t) => {
    const { send } = await serve(t, [
      testLimit(perMinute(10)),
      testLimit(inFlight(3), { name: 'parallel', id: 'parallel' }),
    ]);
    const response = await send();
    assert.equal(
      valueOf(response, 'ratelimit-policy'),
      '"per-client";q=10;w=60, "parallel";q=3;qu="concurrent-requests"',
    );
    assert.equal(valueOf(response, 'ratelimit'), '"per-client";r=9;t=6, "parallel";r=2');
    assert.equal(valueOf(response, 'retry-after'), undefined);
  });

  test('Legacy: of the limit that is closest to its end', async (t) => {
    const { send } = await serve(t, [
      testLimit(perMinute(10), { headers: 'legacy' }),
      testLimit(perMinute(5), { name: 'few', id: 'few', headers: 'legacy' }),
    ]);
    const response = await send();
    assert.equal(valueOf(response, 'x-ratelimit-limit'), '5');
    assert.equal(valueOf(response, 'x-ratelimit-remaining'), '4');
    assert.equal(valueOf(response, 'x-ratelimit-reset'), '12');
    assert.equal(valueOf(response, 'ratelimit'), undefined);
  });

  test('responses name only limits that count the request', async (t) => {
    const match = { methods: ['POST'], headers: [], notCidrs: [] };
    const { send } = await serve(t, [testLimit(perMinute(10), { match })]);
    assert.equal(valueOf(await send(), 'ratelimit-policy'), undefined);
  });
});

describe('requests in flight', () => {
  /** Responds when told to. */
  function held(): { readonly script: Script; readonly release: () => void } {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    return {
      release: () => {
        resolve(undefined);
      },
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        await promise;
        connection.send('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
      },
    };
  }

  test('so many at a time; the next one is refused until one has ended', async (t) => {
    const { script, release } = held();
    const { send, proxy } = await serve(t, [testLimit(inFlight(2))], { script });
    const first = send();
    const second = send();
    await t.waitFor(() => {
      assert.equal(proxy.proxy.stats().downstream.activeRequests, 2);
    });
    const refused = await send();
    assert.equal(refused.status, 429);
    assert.equal(valueOf(refused, 'retry-after'), '1');
    release();
    assert.equal((await first).status, 200);
    assert.equal((await second).status, 200);
    assert.equal((await send()).status, 200);
  });

  test('a client that leaves gives its place back', async (t) => {
    const { script } = held();
    const { send, proxy } = await serve(t, [testLimit(inFlight(1))], { script });
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
    await t.waitFor(() => {
      assert.equal(proxy.proxy.stats().downstream.activeRequests, 1);
    });
    assert.equal((await send()).status, 429);
    client.socket.resetAndDestroy();
    await t.waitFor(() => {
      assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
    });
    const again = await proxy.connect();
    again.send('GET / HTTP/1.1\r\nHost: example.com\r\n\r\n');
    await t.waitFor(() => {
      assert.equal(proxy.proxy.stats().downstream.activeRequests, 1);
    });
    again.destroy();
  });

  test('a WebSocket counts for as long as it is open; a handshake over the limit is refused', async (t) => {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const script: Script = async (connection) => {
      await connection.readThrough('\r\n\r\n');
      connection.send(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      );
      await promise;
      connection.destroy();
    };
    const { proxy } = await serve(t, [testLimit(inFlight(1))], { script });
    const handshake = async (): Promise<readonly [number, RawClient]> => {
      const client = await proxy.connect();
      client.send(
        'GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      const head = await client.readThrough('\r\n\r\n');
      return [Number(head.split(' ')[1]), client];
    };
    const [status, client] = await handshake();
    assert.equal(status, 101);
    assert.equal((await handshake())[0], 429);
    resolve(undefined);
    client.end();
    await t.waitFor(() => {
      assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
    });
    assert.equal((await handshake())[0], 101);
  });
});

describe('a backend', () => {
  test('adds its limits to those of its rule, each of which counts a request once', async (t) => {
    const backend = await ScriptedBackend.start(answering('ok'));
    const ofRule = testLimit(perMinute(5), { name: 'all', id: 'all', key: [] });
    const own = testLimit(perMinute(2), {
      name: 'tenants',
      id: 'tenants',
      key: [{ kind: 'header', name: 'x-tenant' }],
    });
    const target = { ...testBackend('a'), policies: [rateLimits(ofRule, own)] } as WeightedBackend;
    const config = testConfig({
      rules: [{ backends: [target], policies: [rateLimits(ofRule)] }],
      endpoints: { a: [backend.port] },
    });
    const proxy = await TestProxy.start(config);
    t.after(async () => {
      await proxy.stop();
      await backend.stop();
    });
    const statuses: number[] = [];
    for (const tenant of ['a', 'a', 'a', 'b', 'b']) {
      const fields = [['x-tenant', tenant]] as const;
      statuses.push((await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/', fields })).status);
    }
    assert.deepEqual(statuses, [200, 200, 429, 200, 200]);
    assert.equal(
      (await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/', fields: [] })).status,
      429,
    );
  });
});
