/**
 * Writes messages to a socket: heads and small bodies are gathered in one buffer and leave in one write, large chunks go out from the
 * buffer they were read into. The same for requests and responses.
 */
import type { FieldList } from '../message/head.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { writeLatin1 } from '../net/latin1.ts';
import { BuffersInFlight } from '../message/buffers-in-flight.ts';
import { sizedBuffers } from '../message/sized-buffers.ts';
import { isForwardableTrailer } from '../message/trailers.ts';
import type { Transport } from '../net/transport.ts';
import { BodyFraming } from './body-reader.ts';
import { CR, LF } from '../message/byte-tables.ts';

/** Up to this size a chunk is copied into the gathering buffer: cheaper than another element in a vector. */
const COPY_LIMIT = 16_384;
/** Size of the gathering buffer unless a head needs more. */
const GATHER_BYTES = 32_768;
/** A chunk's size line and the CRLF after its data. */
const CHUNK_OVERHEAD = 20;

const CRLF = Buffer.from('\r\n', 'latin1');
const LAST_CHUNK = '0\r\n';

export class MessageWriter {
  readonly #transport: Transport;
  #framing: BodyFraming = BodyFraming.none;
  /** Missing bytes of a body with a declared length. */
  #remaining = 0;
  #gathered: Buffer | null = null;
  #length = 0;
  /** Created for the first large chunk; most connections never get one. */
  #inFlight: BuffersInFlight | null = null;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** A buffer with room for `bytes` at `position`; write there, then `advance`. */
  reserve(bytes: number): Buffer {
    if (this.#gathered !== null && this.#gathered.length - this.#length < bytes) this.flush();
    this.#gathered ??= sizedBuffers.take(Math.max(bytes, GATHER_BYTES));
    return this.#gathered;
  }
  get position(): number {
    return this.#length;
  }
  advance(position: number): void {
    this.#length = position;
  }

  /** What follows is a body framed so; `contentLength` counts for `BodyFraming.length`. */
  begin(framing: BodyFraming, contentLength: number): void {
    this.#framing = framing;
    this.#remaining = contentLength;
  }

  /** Bytes that are part of no body: a head rendered elsewhere. */
  raw(buffer: Buffer, length: number): void {
    const gathered = this.reserve(length);
    buffer.copy(gathered, this.#length, 0, length);
    this.#length += length;
  }

  /** Sends payload; see `DownstreamStream.sendData` for `owned` and the result. Bytes beyond the declared length are left out. */
  data(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    let end = to;
    if (this.#framing === BodyFraming.length) {
      end = Math.min(to, from + this.#remaining);
      this.#remaining -= end - from;
    }
    if (end > from && this.#framing !== BodyFraming.none) {
      if (end - from > COPY_LIMIT) {
        this.#sendLarge(buffer, from, end, owned);
        return !this.isBlocked;
      }
      this.#gather(buffer, from, end);
    }
    if (owned) bulkBuffers.release(buffer);
    return !this.isBlocked;
  }

  #gather(buffer: Buffer, from: number, to: number): void {
    const gathered = this.reserve(to - from + CHUNK_OVERHEAD);
    let position = this.#length;
    const isChunked = this.#framing === BodyFraming.chunked;
    if (isChunked) position = writeLatin1(gathered, position, `${(to - from).toString(16)}\r\n`);
    buffer.copy(gathered, position, from, to);
    position += to - from;
    if (isChunked) position = putCrlf(gathered, position);
    this.#length = position;
  }

  #sendLarge(buffer: Buffer, from: number, to: number, owned: boolean): void {
    if (this.#framing === BodyFraming.chunked) {
      const gathered = this.reserve(CHUNK_OVERHEAD);
      this.#length = writeLatin1(gathered, this.#length, `${(to - from).toString(16)}\r\n`);
    }
    this.#inFlight ??= new BuffersInFlight();
    if (owned) this.#sendOwned(this.#inFlight, buffer, from, to);
    else this.#sendCopy(this.#inFlight, buffer, from, to);
    // TLS may need the bytes after the call: there, buffers wait for the callbacks.
    if (!this.#transport.encrypted) this.#inFlight.reclaimWritten(this.#transport);
  }

  #sendOwned(inFlight: BuffersInFlight, buffer: Buffer, from: number, to: number): void {
    const transport = this.#transport;
    transport.cork();
    const gathered = this.#writeGathered();
    inFlight.write(transport, buffer.subarray(from, to), buffer, bulkBuffers);
    if (this.#framing === BodyFraming.chunked) transport.enqueue(CRLF);
    transport.uncork();
    const isFree = transport.queuedBytes === 0 && !transport.encrypted;
    if (gathered !== null && isFree) sizedBuffers.release(gathered);
  }

  /**
   * The shared read buffer is overwritten by the next read, possibly before the socket has written it. The copy is appended to the
   * gathering buffer, so that all of it is one write.
   */
  #sendCopy(inFlight: BuffersInFlight, buffer: Buffer, from: number, to: number): void {
    const copy = sizedBuffers.take(this.#length + to - from + CRLF.length);
    let position = this.#length;
    if (this.#gathered !== null) {
      this.#gathered.copy(copy, 0, 0, position);
      sizedBuffers.release(this.#gathered);
      this.#gathered = null;
      this.#length = 0;
    }
    buffer.copy(copy, position, from, to);
    position += to - from;
    if (this.#framing === BodyFraming.chunked) position = putCrlf(copy, position);
    inFlight.write(this.#transport, copy.subarray(0, position), copy, sizedBuffers);
  }

  /** Queues the gathered bytes on a corked transport; returns their buffer, which may be reused only if they went out with the rest. */
  #writeGathered(): Buffer | null {
    const gathered = this.#gathered;
    if (gathered === null || this.#length === 0) return null;
    this.#transport.enqueue(gathered.subarray(0, this.#length));
    this.#gathered = null;
    this.#length = 0;
    return gathered;
  }

  /** Ends the body. False when it is shorter than declared: the connection must not be used again. */
  end(trailers: FieldList | null): boolean {
    if (this.#framing === BodyFraming.chunked) this.#endChunked(trailers);
    const isComplete = this.#framing !== BodyFraming.length || this.#remaining === 0;
    this.#framing = BodyFraming.none;
    this.flush();
    return isComplete;
  }

  #endChunked(trailers: FieldList | null): void {
    let text = LAST_CHUNK;
    if (trailers !== null) {
      for (let index = 0; index < trailers.count; index++) {
        if (!isForwardableTrailer(trailers, index)) continue;
        text += `${trailers.name(index)}: ${trailers.value(index)}\r\n`;
      }
    }
    const gathered = this.reserve(text.length + CRLF.length);
    this.#length = putCrlf(gathered, writeLatin1(gathered, this.#length, text));
  }

  /** Sends what is gathered. */
  flush(): void {
    const gathered = this.#gathered;
    if (gathered === null || this.#length === 0) return;
    const bytes = gathered.subarray(0, this.#length);
    this.#gathered = null;
    this.#length = 0;
    if (!this.#transport.encrypted) {
      if (this.#transport.write(bytes)) sizedBuffers.release(gathered);
      return;
    }
    this.#transport.write(Buffer.from(bytes));
    sizedBuffers.release(gathered);
  }

  get isBlocked(): boolean {
    return this.#transport.isBlocked;
  }

  /** The socket is closed. */
  onClose(): void {
    this.#inFlight?.abandon();
  }
}

/** Writes CR LF; returns the position after it. */
function putCrlf(buffer: Buffer, at: number): number {
  buffer[at] = CR;
  buffer[at + 1] = LF;
  return at + 2;
}
