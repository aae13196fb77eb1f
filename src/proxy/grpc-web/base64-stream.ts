/**
 * Base64 over pieces of any size, as the text form of gRPC-Web has it (PROTOCOL-WEB.md): a stream is one or more padded texts one after
 * the other, cut wherever the sender flushed.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const CODES = new Int8Array(256).fill(-1);
for (let index = 0; index < ALPHABET.length; index++) CODES[ALPHABET.charCodeAt(index)] = index;
const PADDING = 0x3d;
const NO_BYTES = Buffer.alloc(0);
const GROUP_BYTES = 3;

export class Base64Decoder {
  /** Characters of the group that has begun, their bits, and what padding is still to come. */
  #chars = 0;
  #bits = 0;
  #padding = 0;

  /** The bytes that `buffer[from, to)` completes; null when it is no base64. After that nothing more may be given. */
  decode(buffer: Buffer, from: number, to: number): Buffer | null {
    const out = Buffer.allocUnsafe((((to - from + this.#chars) * 3) >> 2) + 1);
    let length = 0;
    for (let position = from; position < to; position++) {
      const byte = buffer[position] as number;
      if (byte === PADDING) {
        if (this.#padding > 0) this.#padding--;
        else if (this.#chars < 2) return null;
        else length = this.#endGroup(out, length);
        continue;
      }
      const code = CODES[byte] as number;
      if (code < 0 || this.#padding > 0) return null;
      this.#bits = (this.#bits << 6) | code;
      if (++this.#chars < 4) continue;
      out[length++] = (this.#bits >> 16) & 0xff;
      out[length++] = (this.#bits >> 8) & 0xff;
      out[length++] = this.#bits & 0xff;
      this.#chars = 0;
      this.#bits = 0;
    }
    return out.subarray(0, length);
  }

  /** What the last group holds, if its padding was left out; null when the text breaks off. */
  end(): Buffer | null {
    if (this.#chars === 0) return this.#padding === 0 ? NO_BYTES : null;
    if (this.#chars === 1) return null;
    const out = Buffer.allocUnsafe(GROUP_BYTES);
    return out.subarray(0, this.#endGroup(out, 0));
  }

  /** A group of two or three characters; the first character of padding has been seen. */
  #endGroup(out: Buffer, at: number): number {
    let length = at;
    const bits = this.#chars === 2 ? this.#bits << 12 : this.#bits << 6;
    out[length++] = (bits >> 16) & 0xff;
    if (this.#chars === 3) out[length++] = (bits >> 8) & 0xff;
    this.#padding = 3 - this.#chars;
    this.#chars = 0;
    this.#bits = 0;
    return length;
  }
}

export class Base64Encoder {
  /** Fewer bytes than a group. */
  #rest: Buffer = NO_BYTES;

  /** The text of all whole groups so far. */
  encode(buffer: Buffer, from: number, to: number): Buffer {
    const bytes = this.#rest.length === 0 ? buffer.subarray(from, to) : this.#joined(buffer, from, to);
    const whole = bytes.length - (bytes.length % GROUP_BYTES);
    this.#rest = whole === bytes.length ? NO_BYTES : Buffer.from(bytes.subarray(whole));
    return Buffer.from(bytes.toString('base64', 0, whole), 'latin1');
  }

  #joined(buffer: Buffer, from: number, to: number): Buffer {
    return Buffer.concat([this.#rest, buffer.subarray(from, to)]);
  }

  /** Padded text of what no whole group has taken: the reader gets everything so far. */
  flush(): Buffer {
    const rest = this.#rest;
    this.#rest = NO_BYTES;
    return Buffer.from(rest.toString('base64'), 'latin1');
  }
}
