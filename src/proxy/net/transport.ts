/**
 * A connected socket whose bytes go to whoever is its sink at the moment. The sink may change between two reads: the first
 * bytes of a connection decide about PROXY protocol, TLS passthrough, HTTP/2 or HTTP/1.1, and an upgrade makes it a tunnel.
 *
 * Cleartext sockets read into one buffer shared by all of them (`onread`); see shared-read.ts for how and for the fallback.
 */
import type { Socket } from 'node:net';

export interface ByteSink {
  /**
   * `buffer[0, length)` was read. It is valid only during the call, except when `buffer` is what `nextReadBuffer` gave:
   * then it is the sink's again. The sink may change the bytes in place.
   */
  onBytes(buffer: Buffer, length: number): void;
  /** The peer ended its direction (FIN). The other one stays open until we end it. */
  onEnd(): void;
  /** A write had returned false; the socket's buffer is empty again. */
  onDrain(): void;
  /** The socket is gone, after an error or not. The last call. */
  onClose(error: Error | null): void;
  /** Where the next read should go: a private buffer, or null for the shared one. Not called where reads cannot be directed. */
  nextReadBuffer(): Buffer | null;
}

export interface Transport {
  /** For writing, pausing and ending. Its `data`, `end`, `drain`, `error` and `close` events belong to the transport. */
  readonly socket: Socket;
  sink: ByteSink;
  /** True when reads can go where `nextReadBuffer` says. */
  readonly directsReads: boolean;
  /** Writes to the socket; true when the buffer of `bytes` may be used again at once. */
  write(bytes: Buffer): boolean;
  /** Bytes written that the kernel has not taken yet. */
  readonly queuedBytes: number;
  /** So much is queued that no more should be written before `onDrain`. */
  readonly isBlocked: boolean;
  /** True when a Buffer given to `socket.write` may be needed after the call even if it went out (TLS encrypts it later). */
  readonly encrypted: boolean;
}
