/** Who keeps a connection from being read: whoever takes its bodies, or what is held ahead of its turn. */
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

  /** Whoever held reading up, the time for it has come. */
  open(): void {
    if (!this.#isFull && !this.isPaused) return;
    this.#isFull = false;
    this.isPaused = false;
    this.#socket.resume();
  }
}
