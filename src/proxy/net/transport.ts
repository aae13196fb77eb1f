/**
 * A connection with a peer: an ordered byte stream in both directions. The engines and relays use only this
 * interface alone. socket-transport.ts implements it over Node's sockets; another implementation is a stream of QUIC, or a test's fake.
 *
 * Received bytes go to the current sink. The sink may change between two reads: the first bytes of a connection determine
 * PROXY protocol, TLS passthrough, HTTP/2 or HTTP/1.1, and an upgrade makes it a tunnel.
 */
export interface ByteSink {
  /**
   * `buffer[0, length)` was read. It is valid only during the call, except when `buffer` is what `nextReadBuffer` gave:
   * then the sink owns it again. The sink may change the bytes in place.
   */
  onBytes(buffer: Buffer, length: number): void;
  /** The peer ended its direction (FIN). The other one stays open until the gateway ends it. */
  onEnd(): void;
  /** `isBlocked` was true; everything queued has been written. */
  onDrain(): void;
  /** The connection is closed, after an error or not. The last call. */
  onClose(error: Error | null): void;
  /** Where the next read should go: a private buffer, or null for the shared one. Not called where reads cannot be directed. */
  nextReadBuffer(): Buffer | null;
}

/** The sink of a connection that is being established. */
export interface ConnectingSink extends ByteSink {
  /** The connection can be written to, after its TLS handshake if there is one. `onClose` is called instead if it never can. */
  onConnected(): void;
}

/** One end of a connection. */
export interface TransportAddress {
  /** Without brackets; an IPv4 address in its own form even on an IPv6 socket. `` when the connection is closed. */
  readonly address: string;
  readonly port: number;
}

export interface Transport {
  sink: ByteSink;
  /** True when a Buffer given to `enqueue` may be needed after the call even if it was sent (TLS encrypts it later). */
  readonly encrypted: boolean;
  /** Both cost a system call each when they are first read. */
  readonly remoteAddress: TransportAddress;
  readonly localAddress: TransportAddress;

  // --- reading ---

  /** True when reads can go where `nextReadBuffer` says. */
  readonly directsReads: boolean;
  readonly bytesRead: number;
  /** The peer has ended its direction, and everything it sent has been read. */
  readonly readEnded: boolean;
  /** Stops reading: the peer's bytes stay in the kernel. One more read may still come. */
  pause(): void;
  resume(): void;

  // --- writing ---

  /** Writes after everything queued; true when the buffer of `bytes` may be used again at once. */
  write(bytes: Buffer): boolean;
  /** Queues `bytes`, which are written at once where the kernel takes them. Their buffer is in use until `onWritten`. */
  enqueue(bytes: Buffer, onWritten?: (error?: Error | null) => void): void;
  /** Queues a copy of `buffer[0, length)`. */
  enqueueCopy(buffer: Buffer, length: number): void;
  /** What is queued between `cork` and `uncork` leaves in one write. */
  cork(): void;
  uncork(): void;
  /** Bytes that the kernel has not taken yet. */
  readonly queuedBytes: number;
  /** So much is queued that no more should be written before `onDrain`. */
  readonly isBlocked: boolean;

  // --- ending ---

  /** Ends our direction once everything queued is written; the peer's stays open. */
  end(): void;
  /** As `end`, and closes the connection then. */
  close(): void;
  /** Closes the connection now. */
  destroy(): void;
  /** As `destroy`, such that the peer learns that bytes may be missing. */
  reset(): void;
  /** Closed, or about to be: nothing more is read or written. */
  readonly isClosed: boolean;
  /** Calls `listener` once the connection is closed, besides the sink and before or after it. */
  onceClosed(listener: () => void): void;
  /** The connection does not keep the process alive. */
  unref(): void;
}

/** Ignores everything: the sink of a transport that has no owner yet, or no longer. */
export const DISCARDING_SINK: ByteSink = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
  nextReadBuffer: () => null,
};
