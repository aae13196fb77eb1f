/** Open-loop load: sends requests at a steady rate regardless of earlier answers, and measures latency from when a request was due. */
import { createClient, type End, type SoakClient } from './clients.ts';
import type { ClientKind, Scenario } from './scenarios.ts';
import { sharedNow } from './stalls.ts';

export interface Ended {
  readonly scenario: Scenario;
  readonly client: ClientKind;
  /** On the clock of `sharedNow`. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly end: End;
}

const TICK_MS = 5;

interface Stream {
  readonly scenario: Scenario;
  readonly kind: ClientKind;
  readonly client: SoakClient;
}

export class Load {
  readonly #streams: readonly Stream[];
  readonly #onEnd: (ended: Ended) => void;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #sent = 0;

  /** `rate`: requests a second, dealt out to all clients of all scenarios in turn. */
  constructor(
    scenarios: readonly Scenario[],
    { port, rate, onEnd }: { port: number; rate: number; onEnd: (ended: Ended) => void },
  ) {
    this.#onEnd = onEnd;
    this.#streams = scenarios.flatMap((scenario) =>
      scenario.clients.map((kind) => ({
        scenario,
        kind,
        client: createClient(kind, port, `${scenario.name}.example`),
      })),
    );
    const startedMs = sharedNow();
    this.#timer = setInterval(() => {
      const due = ((sharedNow() - startedMs) * rate) / 1_000;
      while (this.#sent < due) this.#send(startedMs + (this.#sent * 1_000) / rate);
    }, TICK_MS);
  }

  #send(fromMs: number): void {
    const number = this.#sent++;
    const stream = this.#streams[number % this.#streams.length];
    if (stream === undefined) return;
    const { scenario, kind, client } = stream;
    // Each has a path of its own: an answer to another request does not pass for its own.
    const path = kind === 'gRPC' ? '/test.Echo/Unary' : `/requests/${String(number)}`;
    const asked = client.ask(path).then((end) => {
      this.#inFlight.delete(asked);
      this.#onEnd({ scenario, client: kind, fromMs, toMs: sharedNow(), end });
    });
    this.#inFlight.add(asked);
  }

  /** Resolves when every request has ended and all connections are let go. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    for (const { client } of this.#streams) client.close();
  }
}
