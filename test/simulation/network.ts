/** A network of backends that misbehave as they are told, in virtual time: it takes the place of pools, sockets and probes. */
import { LocalHead } from '../../src/proxy/message/head.ts';
import type { OutgoingRequest, PreparedRequest } from '../../src/proxy/message/outgoing.ts';
import { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { UpstreamEvents, UpstreamStream } from '../../src/proxy/message/stream.ts';
import { PASSED, failed, type Probe } from '../../src/proxy/upstream/health/check-result.ts';
import type { EndpointPool, UpstreamProtocol } from '../../src/proxy/upstream/upstream-pool.ts';
import type { Agenda } from './agenda.ts';
import type { SeededRandom } from './random.ts';
import { SimRequestHead, type SimRequest } from './request.ts';

export type Fault =
  | 'none'
  | 'slow'
  | 'refuses'
  | 'never-connects'
  | 'hangs'
  | 'resets'
  | 'resets-after-head'
  | 'refuses-streams'
  | 'dead-connections'
  | 'malformed'
  | 500
  | 503;

export const FAULTS: readonly [Fault, ...Fault[]] = [
  'none',
  'slow',
  'refuses',
  'never-connects',
  'hangs',
  'resets',
  'resets-after-head',
  'refuses-streams',
  'dead-connections',
  'malformed',
  500,
  503,
];

/** Of checks: those see what new connections and answers are like. */
const PASSES: readonly Fault[] = ['none', 'slow', 'refuses-streams', 'dead-connections'];

export class Backend {
  fault: Fault = 'none';
  /** Since when checks find what they find now. */
  checkedAlikeSinceMs = 0;

  get passesChecks(): boolean {
    return PASSES.includes(this.fault);
  }
}

const BODY = Buffer.from('hello');
const CONNECT_TIMEOUT_MS = 1_000;

export class Network {
  readonly agenda: Agenda;
  readonly random: SeededRandom;
  readonly #backends = new Map<string, Backend>();
  /** A try is about to be made. */
  onTry: (exchange: Exchange) => void = () => undefined;

  constructor(agenda: Agenda, random: SeededRandom) {
    this.agenda = agenda;
    this.random = random;
  }

  /** `address:port`. */
  backend(name: string): Backend {
    let backend = this.#backends.get(name);
    if (backend === undefined) {
      backend = new Backend();
      this.#backends.set(name, backend);
    }
    return backend;
  }

  setFault(name: string, fault: Fault): void {
    const backend = this.backend(name);
    const before = backend.passesChecks;
    backend.fault = fault;
    if (backend.passesChecks !== before) backend.checkedAlikeSinceMs = this.agenda.nowMs;
  }

  latencyMs({ fault }: Backend): number {
    return this.random.between(1, 20) * (fault === 'slow' ? 100 : 1);
  }

  probe(name: string): Probe {
    return {
      start: (done) => {
        let isOver = false;
        const backend = this.backend(name);
        this.agenda.in(this.random.between(1, 20), () => {
          const hangs = backend.fault === 'hangs' || backend.fault === 'never-connects';
          if (isOver || hangs) return;
          isOver = true;
          done(backend.passesChecks ? PASSED : failed('reset'));
        });
        return () => {
          isOver = true;
        };
      },
    };
  }

  protocol(): UpstreamProtocol {
    return { prepare: prepareSimulated, createPool: () => new SimPool(this) };
  }
}

class SimPrepared implements PreparedRequest {
  readonly request: SimRequest;
  isReleased = false;
  constructor(request: SimRequest) {
    this.request = request;
  }
  release(): void {
    this.isReleased = true;
  }
}

function prepareSimulated({ head }: OutgoingRequest): SimPrepared {
  if (!(head instanceof SimRequestHead)) throw new Error('not a simulated request');
  return new SimPrepared(head.request);
}

class SimPool implements EndpointPool {
  readonly #network: Network;
  readonly #waiting = new Set<UpstreamEvents>();
  readonly connections = 0;
  readonly idleConnections = 0;
  readonly isInUse = false;

  constructor(network: Network) {
    this.#network = network;
  }

  open(events: UpstreamEvents, fresh: boolean): void {
    const network = this.#network;
    if (!(events instanceof Exchange) || events.endpoint === null) throw new Error('not an exchange');
    network.onTry(events);
    const backend = network.backend(events.endpoint.name);
    const { fault } = backend;
    const isReused = !fresh && (fault === 'dead-connections' || network.random.chance(0.5));
    if (isReused && fault !== 'refuses') {
      events.onUpstreamReady(new SimStream(network, backend, events, true));
      return;
    }
    this.#waiting.add(events);
    const delayMs = fault === 'never-connects' ? CONNECT_TIMEOUT_MS : network.latencyMs(backend);
    network.agenda.in(delayMs, () => {
      if (!this.#waiting.delete(events)) return;
      if (fault === 'never-connects') events.onUpstreamUnavailable('connect_timeout');
      else if (fault === 'refuses') events.onUpstreamUnavailable('connect_failed');
      else events.onUpstreamReady(new SimStream(network, backend, events, false));
    });
  }

  cancelOpen(events: UpstreamEvents): void {
    this.#waiting.delete(events);
  }
  retire(): void {
    // Nothing is pooled.
  }
  destroy(): void {
    this.#waiting.clear();
  }
}

class SimStream implements UpstreamStream {
  readonly reused: boolean;
  readonly #network: Network;
  readonly #backend: Backend;
  #events: UpstreamEvents | null;

  constructor(network: Network, backend: Backend, events: UpstreamEvents, reused: boolean) {
    this.#network = network;
    this.#backend = backend;
    this.#events = events;
    this.reused = reused;
  }

  start(prepared: PreparedRequest): void {
    if (!(prepared instanceof SimPrepared)) throw new Error('prepared by another protocol');
    if (prepared.isReleased) throw new Error('sent after it was released');
    const { fault } = this.#backend;
    const { request } = prepared;
    const isDead = fault === 'dead-connections' && this.reused;
    // Whether a dead connection took it in is not known: for the promise to clients it counts.
    if (fault !== 'refuses-streams') request.processed++;
    request.lastStatus = 0;
    // A reset of a connection that had served before is taken for a dead connection.
    request.wasSeen = fault !== 'refuses-streams' && !(this.reused && (isDead || fault === 'resets'));
    this.#later(() => {
      if (isDead || fault === 'resets') this.#end('reset');
      else if (fault === 'refuses-streams') this.#end('refused');
      else if (fault === 'malformed') this.#end('invalid');
      else if (fault !== 'hangs') {
        request.lastStatus = typeof fault === 'number' ? fault : 200;
        this.#answer(request.lastStatus, fault);
      }
    });
  }

  #answer(status: number, fault: Fault): void {
    this.#events?.onResponseHead(new LocalHead(status, [], [], BODY.length));
    this.#later(() => {
      if (fault === 'resets-after-head') {
        this.#end('reset');
        return;
      }
      const events = this.#events;
      events?.onResponseData(BODY, 0, BODY.length, false);
      this.#events = null;
      events?.onResponseEnd(null);
    });
  }

  #end(cause: 'reset' | 'refused' | 'invalid'): void {
    const events = this.#events;
    this.#events = null;
    events?.onUpstreamReset(cause);
  }

  #later(act: () => void): void {
    this.#network.agenda.in(this.#network.latencyMs(this.#backend), act);
  }

  sendData(): boolean {
    return true;
  }
  sendEnd(): void {
    // The answer is on its way already.
  }
  flush(): void {
    // Nothing is held back.
  }
  pauseResponse(): void {
    // Clients read as fast as they get.
  }
  resumeResponse(): void {
    // As above.
  }
  cancel(): void {
    this.#events = null;
  }
}
