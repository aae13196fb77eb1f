/**
 * The body of a request to a backend: it buffers bytes that arrive before there is a connection, and, under a retry
 * policy, all bytes up to the limit, to send them again. Filters that read the body get it from here.
 */
import type { Cluster } from '../../ir/cluster.ts';
import type { RetryPolicy } from '../../ir/policy.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import type { FieldList, RequestHead } from '../message/head.ts';
import { sizedBuffers } from '../message/sized-buffers.ts';
import type { UpstreamStream } from '../message/stream.ts';
import { requestTrailers } from '../message/trailers.ts';
import type { RequestTap } from './http-filter.ts';

/** Bytes that are buffered while there is no connection. */
const MAX_WAITING_BYTES = 65_536;

/**
 * Bytes that are buffered without a retry policy while an HTTP/2 backend may still return the request unprocessed, with GOAWAY or
 * REFUSED_STREAM (RFC 9113 section 8.7). Most gRPC messages are smaller.
 */
const UNSEEN_REPLAY_BYTES = 16_384;

/** Bytes of a body that are kept for another attempt at a backend that speaks `protocol`. */
export function replayBytes(retry: RetryPolicy | null, protocol: Cluster['protocol']): number {
  if (retry === null) return protocol === 'h2' ? UNSEEN_REPLAY_BYTES : 0;
  return retry.attempts > 0 ? retry.maxBodyBytes : 0;
}

export class RequestBody {
  /** The client waits for a 100 before it sends the body. */
  readonly expectsContinue: boolean;
  /**
   * The body waits until the backend has sent 100. A backend may send its final response instead and keep the connection, and would read the
   * body as its next request. A backend that never sends 100 gets the body after a delay, as from a client (RFC 9110 section 10.1.1).
   */
  isHeld = false;
  ended = false;
  trailers: FieldList | null = null;
  /** Its first `#bytes` are kept. From the pool, because a copy of every short gRPC message would be garbage otherwise. */
  #kept: Buffer | null = null;
  #bytes = 0;
  #replayBytes = 0;
  #isPartial = false;
  #taps: RequestTap[] | null = null;

  private constructor(expectsContinue: boolean) {
    this.expectsContinue = expectsContinue;
  }

  /** null: the request ends with its head. What follows an upgrade is no body, but it travels the same way. */
  static of(head: RequestHead): RequestBody | null {
    return head.hasBody || head.upgrade !== '' ? new RequestBody(head.expectsContinue) : null;
  }

  /** Up to `bytes` are kept after they were sent. */
  allowReplay(bytes: number): void {
    this.#replayBytes = bytes;
  }

  /** A copy of at most `limit` bytes of what is kept. */
  peek(limit: number): Buffer {
    return Buffer.from(this.#kept?.subarray(0, Math.min(limit, this.#bytes)) ?? []);
  }

  /** Bytes were dropped: the buffered part is not the whole body so far, and cannot be sent again. */
  get isPartial(): boolean {
    return this.#isPartial;
  }
  /** The buffer is full, however long the connection takes. */
  get isFull(): boolean {
    return this.#bytes >= MAX_WAITING_BYTES;
  }
  get bytes(): number {
    return this.#bytes;
  }

  /** Keeps a copy of `buffer[from, to)` that is still to be sent. */
  keep(buffer: Buffer, from: number, to: number): void {
    buffer.copy(this.#room(this.#bytes + to - from), this.#bytes, from, to);
    this.#bytes += to - from;
  }

  /** `buffer[from, to)` is about to be sent. */
  pass(buffer: Buffer, from: number, to: number): void {
    if (this.#isPartial) return;
    if (this.#bytes + to - from <= this.#replayBytes) this.keep(buffer, from, to);
    else this.#drop();
  }

  /** Sends what is kept, and the end if there is no more; true when more is to come and the stream has room for it. */
  sendTo(upstream: UpstreamStream, edits: HeadEdits): boolean {
    const hasRoom = this.#kept === null || upstream.sendData(this.#kept, 0, this.#bytes, false);
    if (this.#bytes > this.#replayBytes) this.#drop();
    if (this.ended) upstream.sendEnd(requestTrailers(this.trailers, edits));
    else upstream.flush();
    return hasRoom && !this.ended;
  }

  /** Shows the body to `tap`, from its first byte. */
  tap(tap: RequestTap): void {
    (this.#taps ??= []).push(tap);
    if (this.#kept !== null) tap.data(this.#kept, 0, this.#bytes);
    if (this.ended) tap.end(null);
  }

  tapData(buffer: Buffer, from: number, to: number): void {
    if (this.#taps !== null) for (const tap of this.#taps) tap.data(buffer, from, to);
  }
  tapFlush(): void {
    if (this.#taps !== null) for (const tap of this.#taps) tap.flush();
  }

  /** It is complete. `sent`: its trailers as the backend gets them. */
  end(trailers: FieldList | null, sent: FieldList | null): void {
    this.ended = true;
    this.trailers = trailers;
    if (this.#taps !== null) for (const tap of this.#taps) tap.end(sent);
  }

  /** There will be no other attempt. */
  forgetReplay(): void {
    this.#replayBytes = 0;
    this.#drop();
  }

  #drop(): void {
    this.#isPartial = true;
    if (this.#kept !== null) sizedBuffers.release(this.#kept);
    this.#kept = null;
    this.#bytes = 0;
  }

  /** A buffer for `bytes`, with what is kept already at its start. */
  #room(bytes: number): Buffer {
    const before = this.#kept;
    if (before !== null && before.length >= bytes) return before;
    const room = sizedBuffers.take(before === null ? bytes : Math.max(bytes, 2 * before.length));
    if (before !== null) {
      before.copy(room, 0, 0, this.#bytes);
      sizedBuffers.release(before);
    }
    this.#kept = room;
    return room;
  }
}
