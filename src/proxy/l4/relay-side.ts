/** One side of a relayed connection, the client's or the backend's: bytes read from it go to the other. */
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
  readonly #inFlight: Buffer[] = [];
  #peer: RelaySide | null = null;
  #isPaused = false;
  #hasEnded = false;

  constructor(transport: Transport, events: RelayEvents) {
    this.transport = transport;
    this.#events = events;
  }

  /** From now on bytes flow both ways. */
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

  /** Half-close: the other direction continues. */
  onEnd(): void {
    this.#bulk.stop();
    this.#hasEnded = true;
    this.#peer?.transport.end();
  }

  /** Passes on an end that arrived before there was a peer: some sockets report it while paused. */
  passOnEarlyEnd(): void {
    if (this.#hasEnded) this.#peer?.transport.end();
  }

  onDrain(): void {
    for (const buffer of this.#inFlight) bulkBuffers.release(buffer);
    this.#inFlight.length = 0;
    this.#peer?.resume();
  }

  onClose(error: Error | null): void {
    this.#bulk.stop();
    for (let inFlight = this.#inFlight.length; inFlight > 0; inFlight--) bulkBuffers.forget();
    this.#inFlight.length = 0;
    this.#events.onSideClosed(this, error);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.transport.resume();
  }

  /** A queued buffer is released with the drain event; if too little is queued, there is no such event. */
  #returnWhenWritten(buffer: Buffer): void {
    const { transport } = this;
    if (transport.queuedBytes === 0) bulkBuffers.release(buffer);
    else if (transport.isBlocked) this.#inFlight.push(buffer);
    else bulkBuffers.forget();
  }
}
