/** Pauses reads of a connection, for the consumer of its bodies or for a backlog of pipelined requests. */
import type { Transport } from '../net/transport.ts';

export class ReadGate {
  readonly #transport: Transport;
  #isFull = false;
  /** The consumer has paused. */
  isPaused = false;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  pause(): void {
    this.isPaused = true;
    this.#transport.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.#isFull) this.#transport.resume();
  }

  /** Enough is held. */
  fill(): void {
    this.#isFull = true;
    this.#transport.pause();
  }

  /** Resumes reading, whatever paused it. */
  open(): void {
    if (!this.#isFull && !this.isPaused) return;
    this.#isFull = false;
    this.isPaused = false;
    this.#transport.resume();
  }
}
