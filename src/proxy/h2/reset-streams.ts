/**
 * Streams that the gateway has just reset. The peer may not know yet: what it still sends on them is ignored, up to what their
 * windows allowed (RFC 9113 section 5.1). Only the latest are remembered; frames for others count as frames for closed streams.
 */
import { MAX_WINDOW_BYTES } from './frame.ts';

const REMEMBERED = 64;

export class ResetStreams {
  #ids: Int32Array | null = null;
  #windows: Int32Array | null = null;
  #next = 0;

  /** `windowBytes`: maximum number of bytes that the peer may have sent before it got the reset. */
  add(streamId: number, windowBytes: number): void {
    this.#ids ??= new Int32Array(REMEMBERED);
    this.#windows ??= new Int32Array(REMEMBERED);
    this.#ids[this.#next] = streamId;
    this.#windows[this.#next] = Math.min(Math.max(windowBytes, 0), MAX_WINDOW_BYTES);
    this.#next = (this.#next + 1) % REMEMBERED;
  }

  has(streamId: number): boolean {
    return this.#ids?.includes(streamId) === true;
  }

  /** Accounts for DATA on a remembered stream; false if the peer has exceeded its window. */
  takeFlow(streamId: number, bytes: number): boolean {
    const at = this.#ids?.indexOf(streamId) ?? -1;
    if (at < 0 || this.#windows === null) return false;
    const left = (this.#windows[at] as number) - bytes;
    this.#windows[at] = left;
    return left >= 0;
  }
}
