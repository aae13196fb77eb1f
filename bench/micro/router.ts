/**
 * What a match costs, without sockets: `node --expose-gc bench/micro/router.ts`. The table is the one of the HTTP benchmarks, 1,000 hosts
 * with five rules each; a second one puts 1,000 rules on one host. The last line is the longest that one request can hold a worker with
 * regular expressions: 128 patterns of the largest size and a path of the greatest length, until the budget ends it.
 */
import type { HttpListener } from '../../src/ir/listener.ts';
import type { PathMatch } from '../../src/ir/match.ts';
import type { RouteEntry } from '../../src/ir/route.ts';
import { listenerId, ruleId, type RuleId } from '../../src/ir/ids.ts';
import { compileRegex } from '../../src/proxy/router/regex.ts';
import type { RequestView } from '../../src/proxy/router/request-view.ts';
import { PortRouter } from '../../src/proxy/router/router.ts';
import { THOUSAND_HOSTS, hostName, type TableRule } from '../routing-table.ts';
import { testAttachment } from '../../test/support/attachment.ts';

const ROUNDS = 5;
const MATCHES = 2_000_000;

function entryOf(rule: Omit<TableRule, 'path'> & { readonly path: PathMatch }, id: string): RouteEntry {
  const { header, query } = rule;
  return {
    rule: ruleId(id),
    match: {
      path: rule.path,
      method: null,
      headers:
        header === undefined ? [] : [{ name: header.name, value: { kind: 'exact', value: header.value } }],
      query: query === undefined ? [] : [{ name: query.name, value: { kind: 'exact', value: query.value } }],
    },
  };
}

function routerOf(virtualHosts: HttpListener['virtualHosts']): PortRouter<RuleId> {
  const listener: HttpListener = {
    kind: 'http',
    id: listenerId('bench'),
    attachment: testAttachment('http'),
    hostname: '',
    tls: null,
    virtualHosts,
  };
  return new PortRouter<RuleId>({ listeners: [listener], ruleOf: (id) => id, regex: compileRegex });
}

const manyHosts = routerOf(
  THOUSAND_HOSTS.hosts.map((hostname) => ({
    hostname,
    entries: THOUSAND_HOSTS.rules.map((rule, index) => entryOf(rule, `${hostname} ${String(index)}`)),
  })),
);

const manyRules = routerOf([
  {
    hostname: hostName(0),
    entries: Array.from({ length: 1_000 }, (_, index) =>
      entryOf({ path: { kind: 'prefix', value: `/service-${String(index)}` } }, String(index)),
    ),
  },
]);

const HEADERS: ReadonlyMap<string, string> = new Map([['x-env', 'stable']]);

const view = (host: string, path: string, query = ''): RequestView => ({
  method: 'GET',
  host,
  path,
  query,
  header: (name) => HEADERS.get(name),
});

const spread = (make: (index: number) => RequestView): readonly RequestView[] =>
  Array.from({ length: 1_024 }, (_, index) => make(index));

const CASES: readonly (readonly [string, PortRouter<RuleId>, readonly RequestView[]])[] = [
  ['1,000 hosts, exact path', manyHosts, spread((n) => view(hostName(n % 1_000), '/healthz'))],
  [
    '1,000 hosts, header missed, query met',
    manyHosts,
    spread((n) => view(hostName(n % 1_000), '/api/v1/items', 'ver=2')),
  ],
  ['1,000 hosts, last rule', manyHosts, spread((n) => view(hostName(n % 1_000), '/images/logo.png'))],
  ['1,000 hosts, unknown host', manyHosts, spread((n) => view(`u${String(n)}.example.org`, '/'))],
  [
    '1,000 rules of one host',
    manyRules,
    spread((n) => view(hostName(0), `/service-${String(n % 1_000)}/a/b`)),
  ],
];

interface Cost {
  readonly nanoseconds: number;
  readonly bytes: number;
}

/** Few enough that no garbage collection comes in between: then what the heap grew by is what was allocated. */
const COUNTED_MATCHES = 5_000;

function matchAll(router: PortRouter<RuleId>, views: readonly RequestView[], times: number): number {
  let matched = 0;
  for (let index = 0; index < times; index++) {
    const one = views[index & 1_023];
    if (one !== undefined && router.match(one, null).rule !== null) matched++;
  }
  return matched;
}

/** CPU time, not the clock's: the machine may be busy with something else. */
function measure(router: PortRouter<RuleId>, views: readonly RequestView[]): Cost {
  const began = process.cpuUsage();
  matchAll(router, views, MATCHES);
  const { user, system } = process.cpuUsage(began);
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  matchAll(router, views, COUNTED_MATCHES);
  const bytes = Math.max(0, process.memoryUsage().heapUsed - heapBefore) / COUNTED_MATCHES;
  return { nanoseconds: ((user + system) * 1_000) / MATCHES, bytes };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

for (const [name, router, views] of CASES) {
  measure(router, views);
  const costs = Array.from({ length: ROUNDS }, () => measure(router, views));
  const time = median(costs.map(({ nanoseconds }) => nanoseconds));
  const heap = median(costs.map(({ bytes }) => bytes));
  process.stdout.write(
    `${name.padEnd(40)} ${time.toFixed(0).padStart(5)} ns ${heap.toFixed(1).padStart(6)} B of heap\n`,
  );
}

const worstPatterns = routerOf([
  {
    hostname: hostName(0),
    entries: Array.from({ length: 128 }, (_, index) =>
      entryOf(
        { path: { kind: 'regex', pattern: `/?(a|b)*a(a|b){27}c${String(index % 10)}` } },
        String(index),
      ),
    ),
  },
]);

/** No two paths are alike, so no automaton finds its states in cache. */
function randomPath(seed: number): string {
  let state = seed + 1;
  return `/${Array.from({ length: 2_047 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 16) % 2 === 0 ? 'a' : 'b';
  }).join('')}`;
}

const held = Array.from({ length: 50 }, (_, seed) => {
  const one = view(hostName(0), randomPath(seed));
  const began = process.cpuUsage();
  worstPatterns.match(one, null);
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
});
process.stdout.write(
  `128 worst patterns, one request: median ${median(held).toFixed(1)} ms, most ${Math.max(...held).toFixed(1)} ms\n`,
);
