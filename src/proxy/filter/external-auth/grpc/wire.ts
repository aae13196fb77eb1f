/** The wire format of protocol buffers, as far as the messages of an auth server need it (protobuf.dev/programming-guides/encoding). */

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Longest varint: 64 bits in groups of seven. */
const MAX_VARINT_BYTES = 10;

/** Builds one message. The caller leaves out fields with their default value. */
export class MessageBuilder {
  readonly #parts: Buffer[] = [];

  /** `value`: an integer that is exact in a double, from 0. */
  integer(field: number, value: number): this {
    this.#parts.push(varint(field * 8 + VARINT), varint(value));
    return this;
  }

  bytes(field: number, value: Buffer): this {
    this.#parts.push(varint(field * 8 + BYTES), varint(value.length), value);
    return this;
  }

  text(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'));
  }

  build(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** One field as it is in a message. Numbers of 64 bits lose their upper ones. */
export interface WireField {
  readonly number: number;
  readonly integer: number;
  readonly bytes: Buffer;
}

const NO_BYTES = Buffer.alloc(0);

/** The fields of a message in their order, unknown ones included; null when it is malformed. */
export function readMessage(message: Buffer): readonly WireField[] | null {
  const fields: WireField[] = [];
  const reader = new Reader(message);
  while (!reader.isAtEnd) {
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    const type = tag % 8;
    if (type === VARINT) fields.push({ number, integer: reader.varint(), bytes: NO_BYTES });
    else if (type === BYTES) fields.push({ number, integer: 0, bytes: reader.take(reader.varint()) });
    else if (type === FIXED64) reader.take(8);
    else if (type === FIXED32) reader.take(4);
    else return null;
    if (reader.isBroken || number === 0) return null;
  }
  return fields;
}

class Reader {
  readonly #buffer: Buffer;
  #at = 0;
  isBroken = false;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#buffer.length;
  }

  varint(): number {
    let value = 0;
    let factor = 1;
    for (let count = 0; count < MAX_VARINT_BYTES && this.#at < this.#buffer.length; count++) {
      const byte = this.#buffer[this.#at++] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
    this.isBroken = true;
    return 0;
  }

  take(bytes: number): Buffer {
    const to = this.#at + bytes;
    if (to > this.#buffer.length) {
      this.isBroken = true;
      return NO_BYTES;
    }
    const taken = this.#buffer.subarray(this.#at, to);
    this.#at = to;
    return taken;
  }
}
