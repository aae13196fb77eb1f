/**
 * The first message of a TLS connection, read without answering it: its server name decides which listener the
 * connection belongs to, and so whether it is passed through or terminated (RFC 8446 section 4.1.2, RFC 6066 section 3).
 *
 * Parses only what routing needs. Everything else, including GREASE values (RFC 8701) and an encrypted ClientHello
 * (its outer name is used), is skipped: the TLS terminator validates it.
 */

import { ByteCollector } from './byte-collector.ts';

export interface ClientHello {
  /** SNI in lower case, without a final dot; null when there is none. */
  readonly serverName: string | null;
  /** Offered application protocols in the client's order. */
  readonly alpn: readonly string[];
}

export type ClientHelloResult =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  /** The first byte is not a TLS handshake record: another protocol. */
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'malformed'; readonly detail: string }
  | { readonly kind: 'too-large' };

/** With post-quantum key shares a hello has about 1,800 bytes; OpenSSL itself stops at 131,396. */
export const MAX_CLIENT_HELLO_BYTES = 65_536;

/** The message in its records. A sender of records below 32 bytes only wants to cause work. */
const MAX_RAW_BYTES = MAX_CLIENT_HELLO_BYTES + MAX_CLIENT_HELLO_BYTES / 4;

const RECORD_HEADER_BYTES = 5;
const MESSAGE_HEADER_BYTES = 4;
const MAX_RECORD_BYTES = 16_384;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_NAME = 0;
const ALPN = 16;

const INCOMPLETE: ClientHelloResult = { kind: 'incomplete' };

/**
 * Reads one ClientHello from any split of segments and records. Every byte is copied and looked at a bounded number of
 * times, however small the segments, so that a slow client costs no more than another.
 */
export class ClientHelloReader {
  readonly #raw = new ByteCollector();
  /** Offset in `#raw` of the record that is not complete yet. */
  #record = 0;
  /** Payload of the complete records, once there is more than one. */
  readonly #joined = new ByteCollector();
  #result: ClientHelloResult = INCOMPLETE;

  /** Everything pushed so far, to be un-read or passed on; valid until the next push. */
  get bytes(): Buffer {
    return this.#raw.bytes;
  }

  /** Copies `chunk[0, length)`. After any result other than `incomplete`, the result stays. */
  push(chunk: Buffer, length: number): ClientHelloResult {
    this.#raw.append(chunk.subarray(0, length));
    if (this.#result.kind === 'incomplete') this.#result = this.#advance();
    return this.#result;
  }

  #advance(): ClientHelloResult {
    const raw = this.#raw.bytes;
    for (;;) {
      if (this.#record > MAX_RAW_BYTES) return { kind: 'too-large' };
      const header = checkRecordHeader(raw, this.#record);
      if (header !== null) return header;
      const start = this.#record + RECORD_HEADER_BYTES;
      const end = raw.length < start ? Infinity : start + raw.readUInt16BE(this.#record + 3);
      if (raw.length < end) return INCOMPLETE;
      const parsed = parseMessage(this.#take(raw.subarray(start, end)));
      if (parsed.kind !== 'incomplete') return parsed;
      this.#record = end;
    }
  }

  /** The message so far. A hello in one record, as nearly all are, is parsed in place. */
  #take(fragment: Buffer): Buffer {
    if (this.#record === 0 && holdsWholeMessage(fragment)) return fragment;
    this.#joined.append(fragment);
    return this.#joined.bytes;
  }
}

/** The problem of the received part of the header; null if there is none. */
function checkRecordHeader(raw: Buffer, at: number): ClientHelloResult | null {
  if (raw.length <= at) return null;
  if (raw[at] !== HANDSHAKE) {
    return at === 0 ? { kind: 'not-tls' } : malformed('a record of another type interrupts the ClientHello');
  }
  // The minor version is to be ignored (RFC 8446 section 5.1); the major one never was anything but 3.
  if (raw.length > at + 1 && raw[at + 1] !== 3) {
    return at === 0 ? { kind: 'not-tls' } : malformed('unknown record version');
  }
  if (raw.length < at + RECORD_HEADER_BYTES) return null;
  const length = raw.readUInt16BE(at + 3);
  if (length === 0) return malformed('empty handshake record');
  return length > MAX_RECORD_BYTES ? malformed('record longer than 16,384 bytes') : null;
}

function parseMessage(message: Buffer): ClientHelloResult {
  if (message[0] !== CLIENT_HELLO) return malformed('the first message is not a ClientHello');
  if (message.length < MESSAGE_HEADER_BYTES) return INCOMPLETE;
  const length = message.readUIntBE(1, 3);
  if (length > MAX_CLIENT_HELLO_BYTES) return { kind: 'too-large' };
  const end = MESSAGE_HEADER_BYTES + length;
  if (message.length < end) return INCOMPLETE;
  return parseHello(new Cursor(message, MESSAGE_HEADER_BYTES, end));
}

function parseHello(body: Cursor): ClientHelloResult {
  if (body.uint8() !== 3) return malformed('unknown protocol version');
  body.skip(1 + 32);
  const sessionId = body.vector8();
  const suites = body.vector16();
  const compressions = body.vector8();
  if (body.overran() || sessionId.remaining > 32) return malformed('truncated before the extensions');
  if (suites.remaining === 0 || suites.remaining % 2 !== 0)
    return malformed('malformed list of cipher suites');
  if (compressions.remaining === 0) return malformed('no compression method');
  // TLS 1.2 and older may leave the extensions out altogether.
  if (body.remaining === 0) return { kind: 'hello', hello: { serverName: null, alpn: [] } };
  const extensions = body.vector16();
  if (body.overran() || body.remaining !== 0) return malformed('bad length of the extensions');
  return parseExtensions(extensions);
}

function parseExtensions(extensions: Cursor): ClientHelloResult {
  const seen = new Set<number>();
  let serverName: string | null = null;
  let alpn: readonly string[] = [];
  while (extensions.remaining > 0) {
    const type = extensions.uint16();
    const data = extensions.vector16();
    if (extensions.overran()) return malformed('truncated extension');
    if (seen.has(type)) return malformed('repeated extension');
    seen.add(type);
    if (type === SERVER_NAME) {
      serverName = parseServerName(data);
      if (serverName === null) return malformed('bad server name');
    } else if (type === ALPN) {
      const offered = parseAlpn(data);
      if (offered === null) return malformed('bad list of application protocols');
      alpn = offered;
    }
  }
  return { kind: 'hello', hello: { serverName, alpn } };
}

const HOST_NAME = 0;
/** Letters, digits, hyphen, dot, and the underscore that internal names carry. */
const NAME = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** The one host name of the list (RFC 6066 section 3: no two of a type, and no other type exists); null when invalid. */
function parseServerName(data: Cursor): string | null {
  const list = data.vector16();
  const type = list.uint8();
  const name = list.vector16();
  if (data.overran() || list.overran() || data.remaining !== 0 || list.remaining !== 0) return null;
  if (type !== HOST_NAME || name.remaining > 255) return null;
  const text = name.latin1().toLowerCase().replace(/\.$/, '');
  return NAME.test(text) ? text : null;
}

function parseAlpn(data: Cursor): readonly string[] | null {
  const list = data.vector16();
  if (data.overran() || data.remaining !== 0 || list.remaining === 0) return null;
  const protocols: string[] = [];
  while (list.remaining > 0) {
    const protocol = list.vector8();
    if (list.overran() || protocol.remaining === 0) return null;
    protocols.push(protocol.latin1());
  }
  return protocols;
}

function holdsWholeMessage(bytes: Buffer): boolean {
  return (
    bytes.length >= MESSAGE_HEADER_BYTES && bytes.length >= MESSAGE_HEADER_BYTES + bytes.readUIntBE(1, 3)
  );
}

function malformed(detail: string): ClientHelloResult {
  return { kind: 'malformed', detail };
}

/** Reads forward within bounds. Reading past the end gives zeros and empty vectors, and `overran` tells. */
class Cursor {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;
  #overran = false;

  constructor(bytes: Buffer, from: number, to: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
  }

  get remaining(): number {
    return this.#end - this.#at;
  }

  /** Whether anything was read past the end. */
  overran(): boolean {
    return this.#overran;
  }

  skip(count: number): void {
    this.#take(count);
  }

  uint8(): number {
    const at = this.#take(1);
    return at < 0 ? 0 : this.#bytes.readUInt8(at);
  }

  uint16(): number {
    const at = this.#take(2);
    return at < 0 ? 0 : this.#bytes.readUInt16BE(at);
  }

  vector8(): Cursor {
    return this.#vector(this.uint8());
  }

  vector16(): Cursor {
    return this.#vector(this.uint16());
  }

  latin1(): string {
    return this.#bytes.toString('latin1', this.#at, this.#end);
  }

  #vector(length: number): Cursor {
    const at = this.#take(length);
    return at < 0 ? new Cursor(this.#bytes, this.#end, this.#end) : new Cursor(this.#bytes, at, at + length);
  }

  #take(count: number): number {
    if (count > this.remaining) {
      this.#overran = true;
      this.#at = this.#end;
      return -1;
    }
    const at = this.#at;
    this.#at += count;
    return at;
  }
}
