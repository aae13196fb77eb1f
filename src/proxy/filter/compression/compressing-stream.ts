/**
 * Compresses the body of a response on its way to the client. Compression is asynchronous: what the exchange has ended is still on its way,
 * so that the exchange finishes when the stream says so.
 *
 * Backpressure goes through: a client that reads slowly pauses the compressor, whose buffers fill, and the backend is paused. When the
 * backend pauses, what the compressor holds back is flushed to the client.
 */
import type { HeaderField } from '../../../ir/filter.ts';
import type { Coding } from '../../../ir/compression.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { EndObserver } from '../../exchange/http-filter.ts';
import type { ResponseEncoder } from '../../exchange/response-encoder.ts';
import { bulkBuffers } from '../../message/bulk-buffers.ts';
import type { HeadEdits } from '../../message/head-edits.ts';
import type { FieldList, ResponseHead } from '../../message/head.ts';
import { RetainedFields } from '../../message/retained-head.ts';
import type { DownstreamStream } from '../../message/stream.ts';
import { flushKindOf, releaseCompressor, type Compressor } from './compressors.ts';

export class CompressingStream implements DownstreamStream, ResponseEncoder, EndObserver {
  readonly #exchange: Exchange;
  readonly #client: DownstreamStream;
  readonly #coding: Coding;
  /** null: it has been released. */
  #compressor: Compressor | null;
  #sentBytes = 0;
  /** The compressor has been given something since the last flush. */
  #isUnflushed = false;
  /** It wants no more for now. */
  #isFull = false;
  #trailers: FieldList | null = null;

  constructor(exchange: Exchange, coding: Coding, compressor: Compressor) {
    this.#exchange = exchange;
    this.#client = exchange.stream;
    this.#coding = coding;
    this.#compressor = compressor;
    compressor.on('data', (chunk: Buffer) => {
      this.#pass(chunk);
    });
    compressor.on('drain', () => {
      this.#isFull = false;
      // A client without room says itself when it has some.
      if (!compressor.isPaused()) exchange.onDownstreamDrained();
    });
    compressor.on('end', () => {
      this.#end();
    });
    compressor.on('error', () => {
      this.abort();
      exchange.finish();
    });
  }

  // --- for the exchange ---

  get isDone(): boolean {
    return this.#compressor === null;
  }

  clientDrained(): boolean {
    this.#compressor?.resume();
    return !this.#isFull;
  }

  sendInformational(head: ResponseHead): void {
    this.#client.sendInformational(head);
  }

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    this.#client.sendHead(head, edits, extra);
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    const compressor = this.#compressor;
    if (compressor !== null && to > from) {
      this.#isUnflushed = true;
      // It is read later, when the buffer has other contents.
      if (!compressor.write(Buffer.from(buffer.subarray(from, to)))) this.#isFull = true;
    }
    if (owned) bulkBuffers.release(buffer);
    return !this.#isFull;
  }

  sendEnd(trailers: FieldList | null): void {
    this.#trailers = trailers === null ? null : new RetainedFields(trailers);
    this.#compressor?.end();
  }

  flush(): void {
    const compressor = this.#compressor;
    if (compressor === null || !this.#isUnflushed) {
      this.#client.flush();
      return;
    }
    this.#isUnflushed = false;
    compressor.flush(flushKindOf(this.#coding), () => {
      if (this.#compressor !== null) this.#client.flush();
    });
  }

  /** Without the end of the compressed content: the client must see that the rest is missing. */
  abort(): void {
    this.#release();
    this.#client.abort();
  }

  pauseRequest(): void {
    this.#client.pauseRequest();
  }
  resumeRequest(): void {
    this.#client.resumeRequest();
  }

  /** The client is gone, or all has been sent. */
  exchangeEnded(exchange: Exchange): void {
    exchange.responseBytes = this.#sentBytes;
    this.#release();
  }

  // --- from the compressor ---

  #pass(chunk: Buffer): void {
    if (this.#compressor === null) return;
    this.#sentBytes += chunk.length;
    if (!this.#client.sendData(chunk, 0, chunk.length, false)) this.#compressor.pause();
  }

  #end(): void {
    if (this.#compressor === null) return;
    this.#release();
    this.#client.sendEnd(this.#trailers);
    this.#exchange.finish();
  }

  #release(): void {
    if (this.#compressor === null) return;
    releaseCompressor(this.#compressor);
    this.#compressor = null;
  }
}
