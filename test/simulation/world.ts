/** One run: the cluster logic, router and exchanges of the proxy as they are, between simulated clients and a simulated network. */
import { testLeases } from '../support/test-leases.ts';
import { NO_CREDENTIALS } from '../support/no-credentials.ts';
import type { RetryPolicy } from '../../src/ir/policy.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import type { UpstreamCluster } from '../../src/proxy/upstream/cluster.ts';
import { reseed } from '../../src/proxy/upstream/balancer/random-index.ts';
import { ClusterRegistry } from '../../src/proxy/upstream/cluster-registry.ts';
import { SessionTokens } from '../../src/proxy/upstream/session-tokens.ts';
import { endpointName } from '../../src/proxy/upstream/endpoint.ts';
import { DownstreamConnection } from '../../src/proxy/message/downstream-connection.ts';
import type { ExchangeContext } from '../../src/proxy/exchange/exchange-context.ts';
import { Exchange } from '../../src/proxy/exchange/exchange.ts';
import { Http1Server } from '../../src/proxy/h1/http1-server.ts';
import { RefusalRegistry } from '../../src/proxy/exchange/policy-refusals.ts';
import { CounterRegistry, RequestCounters } from '../../src/proxy/exchange/request-counters.ts';
import { HttpService } from '../../src/proxy/port/http-service.ts';
import { DEFAULT_CLIENT_LIMITS } from '../../src/ir/client-limits.ts';
import { FILTERS } from '../../src/proxy/filter/filters.ts';
import { StreamCounterRegistry } from '../../src/proxy/l4/stream-counters.ts';
import { compileRegex } from '../../src/proxy/router/regex.ts';
import {
  compileRuntime,
  EMPTY_RUNTIME,
  type CompilerDeps,
  type Runtime,
} from '../../src/proxy/runtime/runtime.ts';
import { TimerWheel } from '../../src/proxy/net/timer-wheel.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';
import { testCluster } from '../support/gateway-config.ts';
import { Agenda } from './agenda.ts';
import { BudgetWatch, checkRefusal, checkAttempt, checkHealth } from './invariants.ts';
import { FAULTS, Network } from './network.ts';
import {
  BACKENDS,
  HOST,
  drawConfig,
  drawEndpoints,
  unchecked,
  type BackendName,
  type Lists,
} from './policies.ts';
import { SeededRandom } from './random.ts';
import { SimRequest, SimRequestHead } from './request.ts';

const STEPS = 80;
/** Longer than any timeout, ejection and check there is. */
const AFTERWARDS_MS = 400_000;
const BODY = Buffer.from('body');
const REFUSALS: readonly (string | null)[] = ['no_endpoints', 'no_healthy_endpoints'];

const CONNECTION = new DownstreamConnection({
  clientAddress: '192.0.2.1',
  clientPort: 1,
  peers: { source: { address: '192.0.2.1', port: 1 }, destination: { address: '192.0.2.2', port: 80 } },
  scheme: 'http',
  listenerPort: 80,
  serverName: null,
  tlsListener: null,
  readCertificate: null,
  limits: DEFAULT_CLIENT_LIMITS,
});

export interface Outcome {
  readonly requests: number;
  readonly attempts: number;
  readonly answered: number;
}

/** Throws with the seed when something does not hold. */
export function simulate(seed: number): Outcome {
  const ownRandom = Math.random;
  const random = new SeededRandom(seed);
  // Balancers, jitter and backoff draw from it too: a seed is all that a run depends on.
  Math.random = random.next;
  reseed(random.between(1, 2 ** 31));
  try {
    return new World(seed, random).run();
  } finally {
    Math.random = ownRandom;
  }
}

class World {
  readonly #seed: number;
  readonly #random: SeededRandom;
  readonly #agenda = new Agenda();
  readonly #network: Network;
  readonly #wheel: TimerWheel;
  readonly #deps: CompilerDeps & { readonly clusters: ClusterRegistry };
  readonly #context: ExchangeContext;
  #runtime: Runtime = EMPTY_RUNTIME;
  #service: HttpService | null = null;
  #lists: Lists = { a: [], b: [] };
  #config: GatewayConfig | null = null;
  /** When endpoints or policies changed last. */
  #steadySinceMs = 0;
  readonly #requests: SimRequest[] = [];
  readonly #exchanges = new Set<Exchange>();
  readonly #budgets = new WeakMap<UpstreamCluster, BudgetWatch>();

  constructor(seed: number, random: SeededRandom) {
    this.#seed = seed;
    this.#random = random;
    this.#network = new Network(this.#agenda, random);
    this.#network.onTry = (exchange) => {
      this.#onTry(exchange);
    };
    this.#wheel = new TimerWheel(this.#agenda.clock);
    this.#deps = {
      clusters: new ClusterRegistry({
        logger: SILENT_LOGGER,
        wheel: this.#wheel,
        protocolOf: () => this.#network.protocol(),
        createProber: () => (target) => this.#network.probe(endpointName(target)),
      }),
      counters: new CounterRegistry(),
      refusals: new RefusalRegistry(),
      leases: testLeases(),
      ...NO_CREDENTIALS,
      streamCounters: new StreamCounterRegistry(),
      filters: FILTERS,
      regex: compileRegex,
    };
    this.#context = {
      wheel: this.#wheel,
      observer: {},
      unrouted: new RequestCounters({ gateway: null, listener: null, rule: null, backend: null }),
      mirrors: { sent: 0, dropped: 0 },
      activeRequests: 0,
      timeOriginMs: 0,
      sessions: new SessionTokens(Buffer.alloc(32)),
    };
  }

  readonly #fail = (what: string): never => {
    throw new Error(`seed ${this.#seed}, at ${this.#agenda.nowMs} ms: ${what}`);
  };
  #hold(problem: string | null): void {
    if (problem !== null) this.#fail(problem);
  }

  run(): Outcome {
    this.#lists = { a: drawEndpoints(this.#random), b: drawEndpoints(this.#random) };
    this.#update(drawConfig(this.#random, this.#lists));
    for (let step = 0; step < STEPS; step++) {
      this.#agenda.runUntil(this.#agenda.nowMs + this.#random.of([1, 10, 100, 100, 1_000]));
      this.#checkHealth();
      this.#step();
    }
    this.#update(unchecked(this.#config ?? drawConfig(this.#random, this.#lists)));
    this.#agenda.runUntil(this.#agenda.nowMs + AFTERWARDS_MS);
    this.#checkEnd();
    return {
      requests: this.#requests.length,
      attempts: this.#requests.reduce((sum, { attempts }) => sum + attempts, 0),
      answered: this.#requests.filter(({ status }) => status === 200).length,
    };
  }

  #step(): void {
    const random = this.#random;
    const dice = random.next();
    if (dice < 0.7) for (let sent = random.between(1, 5); sent > 0; sent--) this.#request();
    else if (dice < 0.88) this.#network.setFault(`10.0.0.${random.between(1, 6)}:80`, this.#drawFault());
    else if (dice < 0.96) this.#moveEndpoints(random.of(BACKENDS));
    else this.#update(drawConfig(random, this.#lists));
  }

  #drawFault(): (typeof FAULTS)[number] {
    return this.#random.chance(0.5) ? 'none' : this.#random.of(FAULTS);
  }

  #moveEndpoints(name: BackendName): void {
    this.#lists = { ...this.#lists, [name]: drawEndpoints(this.#random) };
    this.#steadySinceMs = this.#agenda.nowMs;
    this.#deps.clusters.setEndpoints({ cluster: testCluster(name).id, endpoints: this.#lists[name] });
  }

  /** Sometimes the same again, and sometimes only one of the two backends changes. */
  #update(drawn: GatewayConfig): void {
    const before = this.#config;
    const [a, b] = drawn.clusters;
    const keepsOne = before !== null && this.#random.chance(0.5) && a !== undefined && b !== undefined;
    const kept = before?.clusters[1] ?? b;
    const config = keepsOne && kept !== undefined ? { ...drawn, clusters: [a, kept] } : drawn;
    this.#config = config;
    this.#steadySinceMs = this.#agenda.nowMs;
    const { clusters, counters, streamCounters } = this.#deps;
    clusters.beginUpdate();
    counters.beginUpdate();
    streamCounters.beginUpdate();
    for (const set of config.endpoints) clusters.setEndpoints(set);
    this.#runtime = compileRuntime(
      { configs: [config], defaultAddress: '', before: this.#runtime },
      this.#deps,
    );
    clusters.endUpdate();
    counters.endUpdate();
    streamCounters.endUpdate();
    const [port] = this.#runtime.ports.values();
    if (port === undefined) return;
    if (this.#service !== null) this.#service.port = port;
    this.#service ??= new HttpService(port, {
      context: this.#context,
      http1: new Http1Server(),
    });
  }

  #request(): void {
    const random = this.#random;
    const method = random.of(['GET', 'POST', 'PUT', 'PATCH']);
    const request = new SimRequest(this.#requests.length, method, HOST(random.of(BACKENDS)), this.#fail);
    this.#requests.push(request);
    const events = this.#service?.begin(request, new SimRequestHead(request), CONNECTION);
    if (!(events instanceof Exchange)) return;
    this.#exchanges.add(events);
    if (request.ended !== null) this.#checkRefused(events);
    const isOpen = (): boolean => request.ended === null;
    if (request.hasBody) {
      this.#agenda.in(random.between(0, 30), () => {
        if (isOpen()) events.onRequestData(BODY, 0, BODY.length, false);
        if (isOpen()) events.onRequestEnd(null);
      });
    }
    if (!random.chance(0.1)) return;
    this.#agenda.in(random.between(0, 500), () => {
      if (!isOpen()) return;
      request.ended = 'left';
      events.onDownstreamReset('reset', 'client_closed');
    });
  }

  /** The cluster that a try belongs to: of a configuration that may have been replaced meanwhile. */
  #clusterOf(exchange: Exchange): UpstreamCluster {
    return exchange.backend?.cluster ?? this.#fail('a try without a backend');
  }

  #onTry(exchange: Exchange): void {
    const { endpoint, stream: request } = exchange;
    if (endpoint === null || !(request instanceof SimRequest)) return;
    if (request.ended !== null) this.#fail(`request ${request.id} is tried after it had ${request.ended}`);
    request.attempts++;
    const retry = exchange.requests?.retry ?? null;
    const most = 2 + Math.max(1, retry?.attempts ?? 1);
    if (request.attempts > most) this.#fail(`request ${request.id} has ${request.attempts} attempts`);
    if (request.processed > 0 && !mayRepeat(request, retry)) {
      this.#fail(`${request.method} ${request.id} is sent again though a backend may have acted upon it`);
    }
    const cluster = this.#clusterOf(exchange);
    this.#hold(checkAttempt(cluster, endpoint));
    let budget = this.#budgets.get(cluster);
    if (budget === undefined) {
      budget = new BudgetWatch();
      this.#budgets.set(cluster, budget);
    }
    if (request.attempts === 1) budget.countRequest(this.#agenda.nowMs);
    else if (request.wasSeen) this.#hold(budget.checkRetry(cluster, this.#agenda.nowMs));
    request.wasSeen = false;
  }

  #checkRefused(exchange: Exchange): void {
    if (REFUSALS.includes(exchange.reason)) this.#hold(checkRefusal(this.#clusterOf(exchange)));
  }

  #checkHealth(): void {
    const times = { steadySinceMs: this.#steadySinceMs, nowMs: this.#agenda.nowMs };
    for (const cluster of this.#deps.clusters.clusters) {
      for (const endpoint of cluster.endpoints) {
        this.#hold(checkHealth(cluster, endpoint, this.#network.backend(endpoint.name), times));
      }
    }
  }

  #checkEnd(): void {
    for (const { id, ended, method } of this.#requests) {
      if (ended === null) this.#fail(`${method} ${id} never ended`);
    }
    if (this.#context.activeRequests !== 0)
      this.#fail(`${this.#context.activeRequests} requests are counted`);
    for (const { endpoint } of this.#exchanges) {
      if (endpoint !== null && endpoint.active !== 0)
        this.#fail(`${endpoint.name} has ${endpoint.active} left`);
    }
    this.#deps.clusters.destroy();
    if (this.#wheel.size !== 0) this.#fail(`${this.#wheel.size} timers are left`);
  }
}

/** Whether a request may be sent again that a backend may have acted upon: its method is idempotent, or the policy lists the status. */
const mayRepeat = ({ method, lastStatus }: SimRequest, retry: RetryPolicy | null): boolean =>
  method === 'GET' ||
  method === 'PUT' ||
  (retry !== null && retry.nonIdempotent !== 'never' && retry.codes.includes(lastStatus));
