/**
 * An upstream's response that waits for a filter. Its stream is paused, so only a read or two arrive meanwhile, as with
 * every pause.
 */
import { bulkBuffers } from '../message/bulk-buffers.ts';
import type { FieldList, ResponseHead } from '../message/head.ts';
import { RetainedFields, RetainedResponseHead } from '../message/retained-head.ts';
import type { DownstreamStream } from '../message/stream.ts';

export class HeldResponse {
  readonly head: ResponseHead;
  ended = false;
  trailers: FieldList | null = null;
  readonly #chunks: Buffer[] = [];

  constructor(head: ResponseHead) {
    this.head = new RetainedResponseHead(head);
  }

  keep(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.#chunks.push(Buffer.from(buffer.subarray(from, to)));
    if (owned) bulkBuffers.release(buffer);
  }

  end(trailers: FieldList | null): void {
    this.ended = true;
    this.trailers = trailers === null ? null : new RetainedFields(trailers);
  }

  /** Sends what has arrived of the body; true when the client has room for more. */
  sendTo(stream: DownstreamStream): boolean {
    let hasRoom = true;
    for (const chunk of this.#chunks) hasRoom = stream.sendData(chunk, 0, chunk.length, false);
    if (!this.ended) stream.flush();
    return hasRoom;
  }
}
