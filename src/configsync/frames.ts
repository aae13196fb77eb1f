/** Messages on a byte stream: four bytes of length, most significant first, then that many bytes of JSON in UTF-8. */
import type { Duplex } from 'node:stream';

const HEADER_BYTES = 4;

/** A whole frame: encode once, write to as many streams as wanted. */
export function encodeFrame(message: object): Buffer {
  const text = JSON.stringify(message);
  const length = Buffer.byteLength(text);
  const frame = Buffer.allocUnsafe(HEADER_BYTES + length);
  frame.writeUInt32BE(length, 0);
  frame.write(text, HEADER_BYTES);
  return frame;
}

/** A peer that breaks the protocol; its stream is closed. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** Cuts a byte stream into messages. Chunks may end anywhere. */
export class FrameReader {
  readonly #limitBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wanted = HEADER_BYTES;
  #inHeader = true;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** The messages that are complete now. Throws `FrameError` for what is no message. */
  *push(chunk: Buffer): Generator {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    while (this.#bytes >= this.#wanted) {
      const part = this.#take(this.#wanted);
      if (this.#inHeader) {
        this.#wanted = part.readUInt32BE(0);
        if (this.#wanted > this.#limitBytes) {
          throw new FrameError(
            `a message of ${String(this.#wanted)} bytes; the limit is ${String(this.#limitBytes)}`,
          );
        }
        this.#inHeader = false;
      } else {
        this.#inHeader = true;
        this.#wanted = HEADER_BYTES;
        yield parse(part);
      }
    }
  }

  #take(length: number): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0] : undefined;
    const joined = all ?? Buffer.concat(this.#chunks);
    this.#bytes -= length;
    this.#chunks = this.#bytes === 0 ? [] : [joined.subarray(length)];
    return joined.subarray(0, length);
  }
}

function parse(part: Buffer): unknown {
  try {
    return JSON.parse(part.toString('utf8'));
  } catch {
    throw new FrameError('a message that is not JSON');
  }
}

/** Calls `receive` for every message; a stream that breaks the protocol, or whose message cannot be taken, is destroyed. */
export function receiveFrames(stream: Duplex, limitBytes: number, receive: (message: unknown) => void): void {
  const reader = new FrameReader(limitBytes);
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const message of reader.push(chunk)) receive(message);
    } catch (error) {
      stream.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  });
  // A peer that will say no more is gone: half-open streams are of no use to this protocol.
  stream.once('end', () => stream.destroy());
}
