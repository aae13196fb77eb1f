/** Which endpoint gets which request, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy, type HashSource } from '../../ir/policy.ts';
import { testBackend, testCluster, testConfig, testEndpoint } from '../../../test/support/gateway-config.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, answering } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const NAMES = ['a', 'b', 'c', 'd'];

interface Placement {
  /** The proxy's. */
  readonly zone?: string;
  /** Of the endpoints. */
  readonly zones?: readonly string[];
}

/** Endpoints of one cluster that answer with their names. */
async function withEndpoints(t: TestContext, policy: Partial<ClusterPolicy>, place: Placement = {}) {
  const backends = await Promise.all(NAMES.map((name) => ScriptedBackend.start(answering(name))));
  const config = testConfig({
    rules: [{ backends: [testBackend('all')] }],
    clusters: [testCluster('all', { policy: { ...DEFAULT_CLUSTER_POLICY, ...policy } })],
    endpoints: {
      all: backends.map(({ port }, index) => ({ ...testEndpoint(port), zone: place.zones?.[index] ?? null })),
    },
    settings: { trustedCidrs: ['127.0.0.0/8'] },
  });
  const proxy = await TestProxy.start(config, {}, { locality: { zone: place.zone ?? '', node: '' } });
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  return { proxy, backends, client: await proxy.connect(), clusterId: config.clusters[0]?.id };
}

async function ask(client: RawClient, path: string, field = ''): Promise<string> {
  client.send(`GET ${path} HTTP/1.1\r\nHost: a.example\r\n${field}\r\n`);
  const { status, body } = await client.readResponse();
  assert.equal(status, 200);
  return body;
}

describe('consistent hash', () => {
  const sources: readonly {
    readonly source: HashSource;
    readonly request: (key: string) => readonly [path: string, field: string];
  }[] = [
    {
      source: { kind: 'source-ip' },
      request: (key) => ['/', `X-Forwarded-For: 10.0.0.${key}\r\n`],
    },
    { source: { kind: 'header', name: 'X-Tenant' }, request: (key) => ['/', `x-tenant: ${key}\r\n`] },
    {
      source: { kind: 'cookie', name: 'user' },
      request: (key) => ['/', `Cookie: other=1; user=${key}\r\n`],
    },
    { source: { kind: 'query', name: 'id' }, request: (key) => [`/x?a=b&id=${key}&id=9`, ''] },
  ];
  for (const { source, request } of sources) {
    test(`by ${source.kind}: one key, one endpoint; many keys, all of them`, async (t) => {
      const loadBalancing = { kind: 'consistent-hash', source, tableSize: 65_537 } as const;
      const { proxy, client } = await withEndpoints(t, { loadBalancing });
      const owners = new Map<string, string>();
      for (let key = 1; key <= 90; key++) owners.set(String(key), await ask(client, ...request(String(key))));
      assert.deepEqual([...new Set(owners.values())].sort(), NAMES);
      const other = await proxy.connect();
      for (const [key, owner] of owners) assert.equal(await ask(other, ...request(key)), owner);
    });

    if (source.kind === 'source-ip') continue;
    test(`by ${source.kind}: requests without a key go to all`, async (t) => {
      const loadBalancing = { kind: 'consistent-hash', source, tableSize: 65_537 } as const;
      const { client } = await withEndpoints(t, { loadBalancing });
      const seen = new Set<string>();
      for (let count = 0; count < 200 && seen.size < NAMES.length; count++) seen.add(await ask(client, '/'));
      assert.equal(seen.size, NAMES.length);
    });
  }

  test('an endpoint that leaves moves its own keys and no others', async (t) => {
    const source = { kind: 'header', name: 'x-key' } as const;
    const loadBalancing = { kind: 'consistent-hash', source, tableSize: 65_537 } as const;
    const { proxy, client, backends, clusterId } = await withEndpoints(t, { loadBalancing });
    const owners: string[] = [];
    const ownerOf = (key: number): Promise<string> => ask(client, '/', `x-key: ${key}\r\n`);
    for (let key = 0; key < 60; key++) owners.push(await ownerOf(key));
    assert.ok(clusterId !== undefined);
    const left = backends.slice(1).map(({ port }) => testEndpoint(port));
    proxy.proxy.applyEndpoints({ cluster: clusterId, endpoints: left });
    for (const [key, owner] of owners.entries()) {
      const now = await ownerOf(key);
      if (owner === 'a') assert.notEqual(now, 'a');
      else assert.equal(now, owner);
    }
  });
});

for (const kind of ['least-request', 'round-robin', 'random'] as const) {
  test(`${kind}: every endpoint gets some`, async (t) => {
    const { client } = await withEndpoints(t, { loadBalancing: { kind } });
    const counts = new Map<string, number>();
    for (let count = 0; count < 400; count++) {
      const name = await ask(client, '/');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    assert.deepEqual([...counts.keys()].sort(), NAMES);
    if (kind === 'round-robin') assert.deepEqual([...counts.values()], [100, 100, 100, 100]);
  });
}

describe('zones', () => {
  const zones = ['z1', 'z2', 'z1', 'z2'];
  const seenOver = async (client: RawClient): Promise<string> => {
    const seen = new Set<string>();
    for (let count = 0; count < 100; count++) seen.add(await ask(client, '/'));
    return [...seen].sort().join('');
  };

  test('the own zone alone, as long as it has endpoints; then all', async (t) => {
    const place = { zone: 'z1', zones };
    const { client, proxy, backends, clusterId } = await withEndpoints(
      t,
      { preferLocal: { minEndpoints: 2, percent: 100 } },
      place,
    );
    assert.equal(await seenOver(client), 'ac');
    assert.ok(clusterId !== undefined);
    const away = [backends[1], backends[3]].flatMap((backend) =>
      backend === undefined ? [] : [{ ...testEndpoint(backend.port), zone: 'z2' }],
    );
    proxy.proxy.applyEndpoints({ cluster: clusterId, endpoints: away });
    assert.equal(await seenOver(client), 'bd');
  });

  test('a share of the requests stays in the zone, and the others go to all', async (t) => {
    const place = { zone: 'z1', zones };
    const policy = {
      preferLocal: { minEndpoints: 1, percent: 40 },
      loadBalancing: { kind: 'round-robin' },
    } as const;
    const { client } = await withEndpoints(t, policy, place);
    let near = 0;
    for (let count = 0; count < 100; count++) if ('ac'.includes(await ask(client, '/'))) near++;
    // 40 stay, and half of the other 60 meet the zone as well.
    assert.ok(near >= 66 && near <= 74, String(near));
  });

  test('a further try leaves the zone when nothing of it is left', async (t) => {
    const place = { zone: 'z1', zones: ['z1', 'z2', 'z2', 'z2'] };
    const { client, backends } = await withEndpoints(
      t,
      { preferLocal: { minEndpoints: 1, percent: 100 } },
      place,
    );
    assert.equal(await seenOver(client), 'a');
    await backends[0]?.stop();
    assert.match(await seenOver(client), /^[bcd]+$/);
  });
});

test('slow start: one that comes gets little at first', async (t) => {
  const policy = { slowStartMs: 3_600_000, loadBalancing: { kind: 'round-robin' } } as const;
  const { client, proxy, backends, clusterId } = await withEndpoints(t, policy);
  assert.ok(clusterId !== undefined);
  const all = backends.map(({ port }) => testEndpoint(port));
  proxy.proxy.applyEndpoints({ cluster: clusterId, endpoints: all.slice(0, 3) });
  await ask(client, '/');
  proxy.proxy.applyEndpoints({ cluster: clusterId, endpoints: all });
  let newcomer = 0;
  for (let count = 0; count < 310; count++) if ((await ask(client, '/')) === 'd') newcomer++;
  // A tenth of what each of the others gets, and what is left of a turn.
  assert.ok(newcomer >= 9 && newcomer <= 11, String(newcomer));
});
