/**
 * Text put together as bytes in one buffer. Nothing of it becomes a string first: strings of many parts are garbage by the time
 * they are written, and flattening them costs more than the log line they make.
 */

const ZERO = 0x30;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
/** The largest integer whose digits are found with 32-bit arithmetic. */
const LARGEST_SMALL = 0x7fff_ffff;
const EMPTY = Buffer.alloc(0);

/** Octets that `json` may need for `text`: each UTF-16 code unit is at most an escape of six, and there are the quotes. */
export const jsonBytes = (text: string): number => text.length * 6 + 2;

export class TextBytes {
  buffer: Buffer = EMPTY;
  length = 0;

  /** Writes to `buffer` from its start. It must be large enough: nothing here looks for room. */
  begin(buffer: Buffer): void {
    this.buffer = buffer;
    this.length = 0;
  }

  /** `text` must be ASCII. */
  ascii(text: string): void {
    const { buffer, length } = this;
    for (let index = 0; index < text.length; index++) buffer[length + index] = text.charCodeAt(index);
    this.length = length + text.length;
  }

  utf8(text: string): void {
    this.length += this.buffer.write(text, this.length, 'utf8');
  }

  bytes(bytes: Uint8Array): void {
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A JSON string, quotes included, as `JSON.stringify` writes it. */
  json(text: string): void {
    const { buffer, length } = this;
    buffer[length] = QUOTE;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
        this.utf8(JSON.stringify(text));
        return;
      }
      buffer[length + 1 + index] = code;
    }
    buffer[length + 1 + text.length] = QUOTE;
    this.length = length + text.length + 2;
  }

  /** Decimal digits of a non-negative safe integer. */
  integer(value: number): void {
    if (value > LARGEST_SMALL) {
      this.ascii(String(value));
      return;
    }
    let digits = 1;
    for (let bound = 10; value >= bound && digits < 10; bound *= 10) digits++;
    this.#digits(value, digits);
  }

  /** A non-negative number with at most three decimals, as `JSON.stringify` writes it. */
  thousandths(value: number): void {
    const all = Math.round(value * 1_000);
    const rest = all % 1_000;
    this.integer((all - rest) / 1_000);
    if (rest === 0) return;
    this.buffer[this.length++] = DOT;
    if (rest % 10 !== 0) this.#digits(rest, 3);
    else if (rest % 100 !== 0) this.#digits(rest / 10, 2);
    else this.#digits(rest / 100, 1);
  }

  /** `value` in exactly three digits. */
  threeDigits(value: number): void {
    this.#digits(value, 3);
  }

  #digits(value: number, count: number): void {
    const { buffer, length } = this;
    let rest = value;
    for (let at = length + count - 1; at >= length; at--) {
      const tenth = (rest / 10) | 0;
      buffer[at] = ZERO + rest - tenth * 10;
      rest = tenth;
    }
    this.length = length + count;
  }
}
