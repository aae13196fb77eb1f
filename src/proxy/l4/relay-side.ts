/** One side of a relayed connection, the client's or the backend's: what is read from it goes to the other. */
import { BulkRead } from '../message/bulk-read.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import type { ByteSink, Transport } from '../net/transport.ts';

export interface RelayEvents {
  /** Bytes moved, in either direction. */
  onActivity(): void;
  onSideClosed(side: RelaySide, error: Error | null): void;
}

export class RelaySide implements ByteSink {
  readonly transport: Transport;
  /** Bytes read from this side. */
  bytes = 0;
  readonly #events: RelayEvents;
  readonly #bulk = new BulkRead();
  /** Large buffers that this side's socket still writes from. */
  readonly #lent: Buffer[] = [];
  #peer: RelaySide | null = null;
  #isPaused = false;
  #hasEnded = false;

  constructor(transport: Transport, events: RelayEvents) {
    this.transport = transport;
    this.#events = events;
  }

  /** From here on bytes flow both ways. */
  static join(one: RelaySide, other: RelaySide): void {
    one.#peer = other;
    other.#peer = one;
    one.transport.sink = one;
    other.transport.sink = other;
  }

  onBytes(buffer: Buffer, length: number): void {
    const peer = this.#peer;
    if (peer === null) return;
    this.bytes += length;
    this.#bulk.lastReadBytes = length;
    this.#events.onActivity();
    const to = peer.transport;
    if (this.#bulk.giveAway(buffer)) {
      to.enqueue(buffer.subarray(0, length));
      peer.#returnWhenWritten(buffer);
    } else if (this.transport.directsReads) to.enqueueCopy(buffer, length);
    // Such a transport gives each chunk a buffer of its own.
    else to.enqueue(buffer);
    if (to.isBlocked) {
      this.#isPaused = true;
      this.transport.pause();
    }
  }

  nextReadBuffer(): Buffer | null {
    return this.#bulk.next(!this.#isPaused);
  }

  /** Half-close: the other direction goes on. */
  onEnd(): void {
    this.#bulk.stop();
    this.#hasEnded = true;
    this.#peer?.transport.end();
  }

  /** Passes on an end that came before there was a peer: some sockets report it although they are paused. */
  passOnEarlyEnd(): void {
    if (this.#hasEnded) this.#peer?.transport.end();
  }

  onDrain(): void {
    for (const buffer of this.#lent) bulkBuffers.release(buffer);
    this.#lent.length = 0;
    this.#peer?.resume();
  }

  onClose(error: Error | null): void {
    this.#bulk.stop();
    for (let lent = this.#lent.length; lent > 0; lent--) bulkBuffers.forget();
    this.#lent.length = 0;
    this.#events.onSideClosed(this, error);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.transport.resume();
  }

  /** A buffer still queued comes back with the drain; when too little is queued for one, nothing would tell us. */
  #returnWhenWritten(buffer: Buffer): void {
    const { transport } = this;
    if (transport.queuedBytes === 0) bulkBuffers.release(buffer);
    else if (transport.isBlocked) this.#lent.push(buffer);
    else bulkBuffers.forget();
  }
}
