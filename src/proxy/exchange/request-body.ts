/**
 * The body of a request on its way to a backend: bytes that came before there was a connection to send them on, and, under a retry
 * policy, all of them as long as they are few enough to be sent again.
 */
import type { FieldList } from '../message/head.ts';
import type { MirrorRequest } from './mirror-request.ts';
import type { UpstreamStream } from '../message/stream.ts';

/** Bytes that are kept while there is no connection to send them on. */
const MAX_WAITING_BYTES = 65_536;

/**
 * Bytes that are kept without a retry policy while an HTTP/2 backend may still give the request back unseen, with GOAWAY or
 * REFUSED_STREAM (RFC 9113 section 8.7). Most gRPC messages are smaller.
 */
export const UNSEEN_REPLAY_BYTES = 16_384;

export class RequestBody {
  /** The client asked to be told by a 100 when to send it. */
  readonly expectsContinue: boolean;
  /**
   * It waits until the backend has said 100. A backend may give its final answer instead and keep the connection, and would take the
   * body for its next request. One that knows no 100 gets it after a moment, as a client would send it (RFC 9110 section 10.1.1).
   */
  isHeld = false;
  ended = false;
  trailers: FieldList | null = null;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #replayBytes = 0;
  #isPartial = false;

  constructor(expectsContinue: boolean) {
    this.expectsContinue = expectsContinue;
  }

  /** Up to `bytes` are kept after they were sent. */
  allowReplay(bytes: number): void {
    this.#replayBytes = bytes;
  }

  /** A copy of at most `limit` bytes of what is kept. */
  peek(limit: number): Buffer {
    return Buffer.concat(this.#chunks).subarray(0, limit);
  }

  /** Bytes were let go: what is kept is not the whole body so far, and cannot be sent again. */
  get isPartial(): boolean {
    return this.#isPartial;
  }
  /** No more is to be kept, however long the connection takes. */
  get isFull(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy of `buffer[from, to)` that is still to be sent. */
  keep(buffer: Buffer, from: number, to: number): void {
    this.#chunks.push(Buffer.from(buffer.subarray(from, to)));
    this.#bytes += to - from;
  }

  /** `buffer[from, to)` is about to be sent. */
  pass(buffer: Buffer, from: number, to: number): void {
    if (this.#isPartial) return;
    if (this.#bytes + to - from <= this.#replayBytes) this.keep(buffer, from, to);
    else this.#drop();
  }

  /** Sends what is kept; true when the stream has room for more. */
  sendTo(upstream: UpstreamStream): boolean {
    let hasRoom = true;
    for (const chunk of this.#chunks) hasRoom = upstream.sendData(chunk, 0, chunk.length, false);
    if (this.#bytes > this.#replayBytes) this.#drop();
    return hasRoom;
  }

  /** What has come so far, for a mirror that is asked only now. */
  copyTo(mirror: MirrorRequest): void {
    for (const chunk of this.#chunks) mirror.data(chunk, 0, chunk.length);
    if (this.ended) mirror.end(null);
  }

  /** There will be no other try. */
  forgetReplay(): void {
    this.#replayBytes = 0;
    this.#drop();
  }

  #drop(): void {
    this.#isPartial = true;
    if (this.#chunks.length > 0) this.#chunks.length = 0;
    this.#bytes = 0;
  }
}
