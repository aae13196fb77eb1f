/**
 * What a rate limit costs a request, without sockets: `node --expose-gc bench/micro/rate-limit.ts`. The filter runs as an exchange runs it,
 * with a ledger in the same process, so that messages to it are counted but not sent. Keys in frequent use; the last line has a new key for
 * each request.
 */
import { gatewayDataPlane } from '../../src/ir/data-plane-id.ts';
import type { RateLimit } from '../../src/ir/rate-limit.ts';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FilterRun } from '../../src/proxy/exchange/filter-run.ts';
import { RefusalCounter } from '../../src/proxy/exchange/policy-refusals.ts';
import { PRINCIPAL } from '../../src/proxy/exchange/principal.ts';
import type { HttpFilter, PendingFilter } from '../../src/proxy/exchange/http-filter.ts';
import type { FilterDeps, PolicyRefusal } from '../../src/proxy/filter/definition.ts';
import { CLIENT_RATE_LIMIT, RATE_LIMIT } from '../../src/proxy/filter/rate-limit/rate-limit.ts';
import { Leases } from '../../src/proxy/limits/leases.ts';
import { LedgerService } from '../../src/proxy/limits/ledger-service.ts';
import { limitSpec } from '../../src/proxy/limits/limit-spec.ts';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { rateLimits, testLimit } from '../../test/support/rate-limits.ts';

const ROUNDS = 5;
const REQUESTS = 500_000;
/** As many as a busy worker has in the time. */
const REQUESTS_PER_SWEEP = 2_000;
/** Never used up. */
const AMPLE = { kind: 'rate', requests: 1_000_000_000, periodMs: 60_000, burst: 1_000_000_000 } as const;
const DATA_PLANE = gatewayDataPlane({ namespace: 'default', name: 'bench' });
const GATEWAY = { kind: 'Gateway', namespace: 'default', name: 'bench' };

/** Callbacks run when the benchmark says so. */
class Turns {
  #soon: (() => void)[] = [];
  #later: (() => void)[] = [];
  readonly soon = (callback: () => void): void => {
    this.#soon.push(callback);
  };
  readonly after = (_delayMs: number, callback: () => void): void => {
    this.#later.push(callback);
  };
  run(): void {
    const due = this.#soon;
    this.#soon = [];
    for (const callback of due) callback();
  }
  runTimers(): void {
    const due = this.#later;
    this.#later = [];
    for (const callback of due) callback();
    this.run();
  }
}

interface Bench {
  readonly filter: HttpFilter;
  readonly turns: Turns;
}

function benchOf(limits: readonly RateLimit[]): Bench {
  const turns = new Turns();
  const { soon, after } = turns;
  const clock = { now: () => performance.now(), after, soon };
  const ledger = new LedgerService({
    workers: 2,
    clock,
    send: (_worker, message) => {
      leases.receive(message);
    },
  });
  const leases: Leases = new Leases({
    workers: 2,
    clock,
    send: (reports) => {
      ledger.receive(1, reports);
    },
  });
  const value = rateLimits(...limits);
  const [rule] = [{ policies: [value], action: { kind: 'fail' } }] as unknown as ReturnType<
    typeof emptyConfig
  >['rules'];
  ledger.configure([
    emptyConfig('bench', { dataPlane: DATA_PLANE, rules: rule === undefined ? [] : [rule] }),
  ]);
  const [definition] = [RATE_LIMIT, CLIENT_RATE_LIMIT].filter((one) => one.actsFor?.(value) === true);
  // The filter asks for nothing else.
  const deps = {
    refusalCounterOf: (labels: PolicyRefusal) => new RefusalCounter({ ...labels, gateway: GATEWAY }),
    leases,
    limitOf: (limit: RateLimit) => leases.limit(limitSpec(DATA_PLANE, limit)),
  } as unknown as FilterDeps;
  const filter = definition?.compile(value, deps).request;
  if (filter === undefined) throw new Error('the limits have no filter');
  return { filter, turns };
}

const PRINCIPAL_OF_CLIENT = { method: 'jwt', user: 'ada', client: '', claims: { sub: 'ada' } };

function requestFrom(address: string): { readonly exchange: Exchange; readonly run: FilterRun } {
  const headers: Readonly<Record<string, string>> = { 'x-tenant': 'shop' };
  const exchange = {
    clientAddress: address,
    method: 'GET',
    head: { header: (name: string) => headers[name], count: 0 },
    rule: null,
  } as unknown as Exchange;
  const run = {
    addedFields: null,
    responseEdits: [],
    kept: (key: unknown) => (key === PRINCIPAL ? PRINCIPAL_OF_CLIENT : []),
    keep: () => undefined,
    observeEnd(observer: { exchangeEnded(ended: Exchange): void }) {
      observer.exchangeEnded(exchange);
    },
    resume: () => undefined,
  } as unknown as FilterRun;
  return { exchange, run };
}

const limit = (overrides: Partial<RateLimit>): RateLimit => testLimit(AMPLE, overrides);
const silent = { headers: 'none' } as const;
const v4 = (index: number): string => `192.0.2.${String(index % 200)}`;
const v6 = (index: number): string => `2001:db8:0:${(index % 200).toString(16)}::1`;
const fresh = (index: number): string =>
  `10.${String((index >> 16) & 255)}.${String((index >> 8) & 255)}.${String(index & 255)}`;

const CASES: readonly (readonly [string, readonly RateLimit[], (index: number) => string])[] = [
  ['by address, no fields', [limit(silent)], v4],
  ['by address, RateLimit fields', [limit({})], v4],
  ['by IPv6 network, no fields', [limit(silent)], v6],
  ['by header, no fields', [limit({ ...silent, key: [{ kind: 'header', name: 'x-tenant' }] })], v4],
  ['by claim, no fields', [limit({ ...silent, key: [{ kind: 'claim', name: 'sub' }] })], v4],
  [
    'by address and method, no fields',
    [limit({ ...silent, key: [...limit({}).key, { kind: 'method' }] })],
    v4,
  ],
  [
    'in flight by address, no fields',
    [limit({ ...silent, allowance: { kind: 'in-flight', requests: 1_000 } })],
    v4,
  ],
  ['three limits, RateLimit fields', ['a', 'b', 'c'].map((name) => limit({ name, id: name })), v4],
  ['a new address for each request', [limit({ ...silent, maxKeys: 10_000 })], fresh],
];

function measure({ filter, turns }: Bench, addressOf: (index: number) => string): number {
  const requests = Array.from({ length: 1_024 }, (_, index) => requestFrom(addressOf(index)));
  const isFresh = addressOf === fresh;
  const start = process.cpuUsage();
  for (let index = 0; index < REQUESTS; index++) {
    const { exchange, run } = isFresh
      ? requestFrom(fresh(index))
      : (requests[index & 1_023] ?? requestFrom(''));
    run.addedFields = null;
    if (index % REQUESTS_PER_SWEEP === 0) turns.runTimers();
    const outcome = filter.apply(exchange, run);
    if (outcome === 'continue') continue;
    if (outcome.kind === 'pending') (outcome satisfies PendingFilter).start(null);
    turns.run();
  }
  const { user, system } = process.cpuUsage(start);
  return ((user + system) * 1_000) / REQUESTS;
}

for (const [name, limits, addressOf] of CASES) {
  const bench = benchOf(limits);
  const rounds = Array.from({ length: ROUNDS }, () => {
    globalThis.gc?.();
    return measure(bench, addressOf);
  });
  console.log(
    `${Math.min(...rounds)
      .toFixed(0)
      .padStart(6)} ns  ${name}`,
  );
}
