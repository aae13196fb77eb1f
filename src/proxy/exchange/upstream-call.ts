/** One request of the gateway to an endpoint of a cluster, counted in the endpoint's requests in flight. */
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import type { UpstreamEvents, UpstreamStream } from '../message/stream.ts';

export class UpstreamCall {
  readonly #cluster: UpstreamCluster;
  readonly #events: UpstreamEvents;
  readonly #wheel: TimerWheel;
  #endpoint: UpstreamEndpoint | null = null;
  #isOpening = false;
  stream: UpstreamStream | null = null;

  constructor(cluster: UpstreamCluster, events: UpstreamEvents, wheel: TimerWheel) {
    this.#wheel = wheel;
    this.#cluster = cluster;
    this.#events = events;
  }

  /** False if the cluster has no endpoint, or is at a limit; otherwise `onUpstreamReady` or `onUpstreamUnavailable` follows. */
  open(): boolean {
    if (!this.#cluster.enter(this.#wheel.now())) return false;
    const endpoint = this.#cluster.pick([], NO_KEY);
    if (endpoint === null) {
      this.#cluster.leave();
      return false;
    }
    this.#endpoint = endpoint;
    endpoint.active++;
    this.#isOpening = true;
    endpoint.pool.open(this.#events, false, null);
    return true;
  }

  /** To be told first thing in `onUpstreamReady`. */
  ready(stream: UpstreamStream): void {
    this.#isOpening = false;
    this.stream = stream;
  }

  /** To be told when the stream has ended by itself, or never came to be. */
  ended(): void {
    this.#isOpening = false;
    this.stream = null;
    if (this.#endpoint === null) return;
    this.#endpoint.active--;
    this.#endpoint = null;
    this.#cluster.leave();
  }

  /** Ends it; no event follows. */
  cancel(): void {
    if (this.#isOpening) this.#endpoint?.pool.cancelOpen(this.#events);
    this.stream?.cancel();
    this.ended();
  }
}
