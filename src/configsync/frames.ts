/** Messages on a byte stream: four bytes of length, most significant first, then that many bytes of JSON in UTF-8. */
import type { Duplex } from 'node:stream';

const HEADER_BYTES = 4;

/** Encodes a whole frame, which may be written to many streams. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** A protocol violation by the peer; its stream is closed. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Splits a byte stream into messages. Chunks may end anywhere; memory grows with the bytes received, not with the announced length. */
export class FrameReader {
  /** Maximum bytes of one message; a longer one is refused as soon as its length is known. */
  limitBytes: number;
  #begun = Buffer.alloc(0);
  #length = 0;
  #wanted = HEADER_BYTES;
  #inHeader = true;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** Whether a message is incomplete. */
  get isWithinFrame(): boolean {
    return !this.#inHeader || this.#length > 0;
  }

  /** Yields the messages that this chunk completes. Throws `FrameError` for invalid input. */
  *push(chunk: Buffer): Generator {
    let from = 0;
    for (;;) {
      const to = from + this.#wanted - this.#length;
      if (to > chunk.length) break;
      const part = this.#complete(chunk.subarray(from, to));
      from = to;
      if (this.#inHeader) this.#begin(part.readUInt32BE(0));
      else {
        this.#inHeader = true;
        this.#wanted = HEADER_BYTES;
        yield parse(part);
      }
    }
    this.#keep(chunk.subarray(from));
  }

  #begin(length: number): void {
    if (length > this.limitBytes) {
      throw new FrameError(`a message of ${String(length)} bytes; the limit is ${String(this.limitBytes)}`);
    }
    this.#inHeader = false;
    this.#wanted = length;
  }

  /** What was kept and the rest of it, together. */
  #complete(rest: Buffer): Buffer {
    if (this.#length === 0) return rest;
    this.#keep(rest);
    const whole = this.#begun.subarray(0, this.#length);
    this.#begun = Buffer.alloc(0);
    this.#length = 0;
    return whole;
  }

  /** Copies the bytes: many small chunks would each keep their own buffer. */
  #keep(part: Buffer): void {
    const length = this.#length + part.length;
    if (length > this.#begun.length) {
      const grown = Buffer.allocUnsafeSlow(Math.min(this.#wanted, Math.max(length, 2 * this.#begun.length)));
      this.#begun.copy(grown, 0, 0, this.#length);
      this.#begun = grown;
    }
    part.copy(this.#begun, this.#length);
    this.#length = length;
  }
}

function parse(part: Buffer): unknown {
  try {
    return JSON.parse(part.toString('utf8'));
  } catch {
    throw new FrameError('a message that is not JSON');
  }
}

/** Size and time limits for messages of a peer. */
export interface FrameLimits {
  /** Bytes of one message. */
  readonly bytes: number;
  /** Maximum bytes of the first message, which identifies the peer. */
  readonly firstBytes: number;
  /** From the start of the stream to the end of the first message; 0 = no limit. */
  readonly firstMs: number;
  /** From the first byte of a message to its last. */
  readonly frameMs: number;
}

/**
 * Calls `receive` for every message. A stream that breaks the protocol or a limit, or whose message `receive` throws for, is
 * destroyed with the reason.
 */
export function receiveFrames(
  stream: Duplex,
  limits: FrameLimits,
  receive: (message: unknown) => void,
): void {
  const reader = new FrameReader(limits.firstBytes);
  let timer = limits.firstMs === 0 ? null : expire(stream, limits.firstMs, 'no first message');
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) {
        timer = stopped(timer);
        reader.limitBytes = limits.bytes;
        receive(message);
        if (stream.destroyed) return;
      }
      if (reader.isWithinFrame) timer ??= expire(stream, limits.frameMs, 'a message is incomplete');
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  // The protocol does not support half-open streams: the end of the peer's data ends the stream.
  stream.once('end', () => stream.destroy());
  stream.once('close', () => {
    timer = stopped(timer);
  });
}

function expire(stream: Duplex, ms: number, problem: string): NodeJS.Timeout {
  return setTimeout(() => {
    stream.destroy(new FrameError(`${problem} after ${String(ms)} ms`));
  }, ms).unref();
}

function stopped(timer: NodeJS.Timeout | null): null {
  if (timer !== null) clearTimeout(timer);
  return null;
}
