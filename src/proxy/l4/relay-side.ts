/** One of the two sockets of a relayed connection: what is read from it goes to the other. */
import { BulkRead } from '../h1/bulk-read.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { latin1 } from '../message/latin1.ts';
import type { ByteSink, Transport } from '../net/transport.ts';

/** Up to here bytes are copied as a string, which is cheaper than a Buffer of their own (not on TLS sockets). */
const STRING_BYTES = 4_096;

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
    const { socket, encrypted } = peer.transport;
    if (this.#bulk.giveAway(buffer)) {
      socket.write(buffer.subarray(0, length));
      peer.#returnWhenWritten(buffer);
    } else if (!this.transport.directsReads) {
      // Such a socket gives each chunk a buffer of its own.
      socket.write(buffer);
    } else if (length <= STRING_BYTES && !encrypted) {
      socket.write(latin1(buffer, 0, length), 'latin1');
    } else {
      socket.write(Buffer.from(buffer.subarray(0, length)));
    }
    if (socket.writableNeedDrain) {
      this.#isPaused = true;
      this.transport.socket.pause();
    }
  }

  nextReadBuffer(): Buffer | null {
    return this.#bulk.next(!this.#isPaused);
  }

  /** Half-close: the other direction goes on. */
  onEnd(): void {
    this.#bulk.stop();
    this.#peer?.transport.socket.end();
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
    this.transport.socket.resume();
  }

  /** A buffer still queued comes back with the drain; when too little is queued for one, nothing would tell us. */
  #returnWhenWritten(buffer: Buffer): void {
    const { socket } = this.transport;
    if (socket.writableLength === 0) bulkBuffers.release(buffer);
    else if (socket.writableNeedDrain) this.#lent.push(buffer);
    else bulkBuffers.forget();
  }
}

/** Ends a connection the way a peer that is gone does, so that the other end learns that data may be missing. */
export function resetTransport({ socket, encrypted }: Transport): void {
  // Node resets TCP sockets only. A TLS one that ends without close_notify says the same.
  if (encrypted || socket.destroyed) socket.destroy();
  else socket.resetAndDestroy();
}
