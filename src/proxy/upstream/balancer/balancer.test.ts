/** Where requests go: the spread of each algorithm, and what a consistent hash moves when endpoints come and go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clusterId } from '../../../ir/ids.ts';
import { UpstreamEndpoint } from '../endpoint.ts';
import { UNWATCHED } from '../health/endpoint-health.ts';
import { Reachability } from '../reachability.ts';
import type { Dial, EndpointPool } from '../upstream-pool.ts';
import { NO_KEY, createBalancer, type Balancer } from './balancer.ts';
import { ConsistentHash } from './consistent-hash.ts';
import { hashText } from './hash.ts';

/** What balancers never touch. */
const NO_DIAL = {} as Dial;
const NO_POOL = {} as EndpointPool;

const endpointAt = (index: number): UpstreamEndpoint => {
  const address = `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`;
  const listed = { address, port: 8080, state: 'ready', zone: null } as const;
  return new UpstreamEndpoint(clusterId('Service/test/a/80'), listed, {
    dial: NO_DIAL,
    pool: NO_POOL,
    health: UNWATCHED,
    reachability: new Reachability(performance),
  });
};

const endpointsOf = (count: number): UpstreamEndpoint[] =>
  Array.from({ length: count }, (_, index) => endpointAt(index));

const KEYS = Array.from({ length: 20_000 }, (_, index) => hashText(`client-${index}`));

function spread(
  balancer: Balancer,
  endpoints: readonly UpstreamEndpoint[],
  keys: readonly number[],
  weights: Float64Array | null = null,
): Map<UpstreamEndpoint, number> {
  const counts = new Map(endpoints.map((endpoint) => [endpoint, 0]));
  for (const key of keys) {
    const endpoint = balancer.pick(endpoints, key, weights);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return counts;
}

describe('lists that alternate (preferLocal.percent)', () => {
  const all = endpointsOf(6);
  const near = all.slice(0, 2);

  test('are each gone round by themselves', () => {
    const balancer = createBalancer({ kind: 'round-robin' });
    const counts = new Map<UpstreamEndpoint, number>();
    for (let count = 0; count < 600; count++) {
      balancer.pick(near, NO_KEY, null);
      const endpoint = balancer.pick(all, NO_KEY, null);
      counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
    }
    assert.deepEqual([...counts.values()], [100, 100, 100, 100, 100, 100]);
  });

  test('keep the owners of their slots', (context) => {
    const fills = context.mock.method(Int32Array.prototype, 'fill');
    const balancer = new ConsistentHash(65_537);
    for (const key of KEYS.slice(0, 1_000)) {
      assert.ok(all.includes(balancer.pick(all, key, null)));
      assert.ok(near.includes(balancer.pick(near, key, null)));
    }
    assert.equal(fills.mock.callCount(), 2);
  });

  test('that are new take the place of the one that was used least recently', () => {
    const balancer = new ConsistentHash(65_537);
    const fresh = (endpoints: readonly UpstreamEndpoint[], key: number): UpstreamEndpoint =>
      new ConsistentHash(65_537).pick(endpoints, key, null);
    for (const [at, key] of KEYS.slice(0, 600).entries()) {
      const endpoints = [all, near, all.slice(3)][at % 3] ?? all;
      assert.equal(balancer.pick(endpoints, key, null), fresh(endpoints, key));
    }
  });
});

describe('round robin', () => {
  test('is not bent by retries over the endpoints that are left', () => {
    const endpoints = endpointsOf(5);
    const balancer = createBalancer({ kind: 'round-robin' });
    const picked = Array.from({ length: 50 }, () => {
      const endpoint = balancer.pick(endpoints, NO_KEY, null);
      balancer.pickAmong(
        endpoints.filter((other) => other !== endpoint),
        NO_KEY,
      );
      return endpoints.indexOf(endpoint);
    });
    for (const [at, index] of picked.slice(1).entries()) assert.equal(index, ((picked[at] ?? 0) + 1) % 5);
  });
});

describe('consistent hash', () => {
  const ownersIn = (endpoints: readonly UpstreamEndpoint[], tableSize = 65_537): UpstreamEndpoint[] => {
    const balancer = new ConsistentHash(tableSize);
    return KEYS.map((key) => balancer.pick(endpoints, key, null));
  };

  for (const count of [2, 3, 10, 100]) {
    test(`one of ${count} leaves: its keys move, and no other does`, () => {
      const endpoints = endpointsOf(count);
      const left = endpoints[count >> 1];
      const before = ownersIn(endpoints);
      const after = ownersIn(endpoints.filter((endpoint) => endpoint !== left));
      const moved = before.filter((owner, index) => owner !== after[index]);
      assert.ok(moved.length > 0);
      assert.ok(moved.every((owner) => owner === left));
    });

    test(`one comes to ${count}: keys move to it alone, and about its share of them`, () => {
      const endpoints = endpointsOf(count);
      const come = endpointAt(9_999);
      const before = ownersIn(endpoints);
      const after = ownersIn([...endpoints, come]);
      const moved = after.filter((owner, index) => owner !== before[index]);
      assert.ok(moved.every((owner) => owner === come));
      const share = KEYS.length / (count + 1);
      // Six standard deviations of a binomial draw.
      assert.ok(Math.abs(moved.length - share) < 6 * Math.sqrt(share), `${moved.length} of ${share}`);
    });

    test(`keys are spread evenly over ${count}`, () => {
      const share = KEYS.length / count;
      for (const owned of spread(new ConsistentHash(65_537), endpointsOf(count), KEYS).values()) {
        assert.ok(Math.abs(owned - share) < 6 * Math.sqrt(share), `${owned} of ${share}`);
      }
    });
  }

  test('the keys of one that leaves are spread over all that stay', () => {
    const endpoints = endpointsOf(10);
    const [left] = endpoints;
    const before = ownersIn(endpoints);
    const after = ownersIn(endpoints.slice(1));
    const heirs = new Set(after.filter((_, index) => before[index] === left));
    assert.equal(heirs.size, 9);
  });

  test('the order of endpoints does not matter: any two workers agree', () => {
    const endpoints = endpointsOf(17);
    assert.deepEqual(ownersIn(endpoints), ownersIn([...endpoints].reverse()));
  });

  test('the choice is the same in every version', () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f'].map((text) => {
      const owner = new ConsistentHash(65_537).pick(endpointsOf(5), hashText(text), null);
      return owner.address;
    });
    assert.deepEqual(names, ['10.0.0.0', '10.0.0.0', '10.0.0.2', '10.0.0.1', '10.0.0.1', '10.0.0.0']);
  });

  test('a further try of a key goes where it would go without those tried', () => {
    const endpoints = endpointsOf(8);
    const balancer = new ConsistentHash(1_009);
    for (const key of KEYS.slice(0, 500)) {
      const first = balancer.pick(endpoints, key, null);
      const others = endpoints.filter((endpoint) => endpoint !== first);
      assert.equal(balancer.pickAmong(others, key), new ConsistentHash(1_009).pick(others, key, null));
    }
  });

  test('keys of one slot stay together: a table of 1 has one owner', () => {
    assert.equal(new Set(ownersIn(endpointsOf(9), 1)).size, 1);
  });

  test('without a key: the one of two with less to do', () => {
    const endpoints = endpointsOf(2);
    (endpoints[0] as UpstreamEndpoint).active = 1;
    const balancer = new ConsistentHash(65_537);
    for (let count = 0; count < 50; count++)
      assert.equal(balancer.pick(endpoints, NO_KEY, null), endpoints[1]);
  });
});

describe('weights', () => {
  const weights = Float64Array.of(1, 0.1, 1, 1);
  const keys = new Array<number>(31_000).fill(NO_KEY);

  for (const kind of ['round-robin', 'random'] as const) {
    test(`${kind}: shares are as the weights`, () => {
      const counts = [...spread(createBalancer({ kind }), endpointsOf(4), keys, weights).values()];
      for (const [index, count] of counts.entries()) {
        const share = 10_000 * (weights[index] as number);
        assert.ok(Math.abs(count - share) < 6 * Math.sqrt(share), `${kind} ${index}: ${count}`);
      }
    });
  }

  test('least-request: one that weighs a tenth gets about a tenth, and all the same something', () => {
    const counts = [
      ...spread(createBalancer({ kind: 'least-request' }), endpointsOf(4), keys, weights).values(),
    ];
    assert.ok((counts[1] as number) > 600 && (counts[1] as number) < 1_500, String(counts));
  });
});

describe('least-request', () => {
  test('prefers the one with less to do, whichever two are drawn', () => {
    const endpoints = endpointsOf(3);
    for (const [index, endpoint] of endpoints.entries()) endpoint.active = index * 10;
    const counts = [...spread(createBalancer({ kind: 'least-request' }), endpoints, KEYS).values()];
    assert.equal(counts[2], 0);
    assert.ok((counts[0] as number) > (counts[1] as number));
  });
});

test('round-robin: exactly in turn', () => {
  const balancer = createBalancer({ kind: 'round-robin' });
  const counts = spread(balancer, endpointsOf(7), new Array<number>(700).fill(NO_KEY));
  assert.deepEqual([...counts.values()], new Array<number>(7).fill(100));
});
