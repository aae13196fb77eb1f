/** Pauses reads of a connection, for the consumer of its bodies or for a backlog of pipelined requests. */
import type { Socket } from 'node:net';

export class ReadGate {
  readonly #socket: Socket;
  #isFull = false;
  /** Its bytes are not wanted for now. */
  isPaused = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  pause(): void {
    this.isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    if (!this.#isFull) this.#socket.resume();
  }

  /** Enough is held. */
  fill(): void {
    this.#isFull = true;
    this.#socket.pause();
  }

  /** Resumes reading, whatever paused it. */
  open(): void {
    if (!this.#isFull && !this.isPaused) return;
    this.#isFull = false;
    this.isPaused = false;
    this.#socket.resume();
  }
}
