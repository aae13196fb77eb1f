/** A transport without a socket: what is written is kept, and reads are calls of the test. */
import type { Socket } from 'node:net';
import { DISCARDING_SINK } from '../../src/proxy/net/shared-read.ts';
import type { ByteSink, Transport } from '../../src/proxy/net/transport.ts';

class FakeSocket {
  readonly written: Buffer[] = [];
  destroyed = false;
  ended = false;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  onDestroyed: (() => void) | null = null;

  write(bytes: Buffer): boolean {
    if (!this.destroyed) this.written.push(Buffer.from(bytes));
    return true;
  }
  end(): void {
    this.ended = true;
  }
  destroySoon(): void {
    this.destroy();
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.onDestroyed?.();
  }
  resetAndDestroy(): void {
    this.destroy();
  }
  cork(): void {
    // Nothing waits here.
  }
  uncork(): void {
    // Nothing waits here.
  }
  pause(): void {
    // The test reads for us.
  }
  resume(): void {
    // The test reads for us.
  }
}

export class FakeTransport implements Transport {
  readonly #fake = new FakeSocket();
  readonly socket = this.#fake as unknown as Socket;
  readonly directsReads = true;
  readonly encrypted = false;
  readonly queuedBytes = 0;
  readonly isBlocked = false;
  sink: ByteSink = DISCARDING_SINK;

  constructor() {
    this.#fake.onDestroyed = () => {
      const { sink } = this;
      this.sink = DISCARDING_SINK;
      sink.onClose(null);
    };
  }

  write(bytes: Buffer): boolean {
    return this.#fake.write(bytes);
  }

  /** Delivers these bytes as one read, unless the connection is gone. */
  read(bytes: Buffer): void {
    if (!this.#fake.destroyed) this.sink.onBytes(Buffer.from(bytes), bytes.length);
  }

  /** Everything written so far, as latin1. */
  get written(): string {
    return Buffer.concat(this.#fake.written).toString('latin1');
  }
  get isClosed(): boolean {
    return this.#fake.destroyed || this.#fake.ended;
  }
}
