/** What backends are told of a client, rendered. */
import { isIPv6 } from 'node:net';
import type { HeaderField } from '../../ir/filter.ts';
import { REQUEST_ID_PREFIX } from './request-id.ts';

export interface ForwardingFacts {
  /** The whole X-Forwarded-For value. */
  readonly forwardedFor: string;
  /** The address that counts as the client's. */
  readonly client: string;
  /** The address that the connection came from. */
  readonly peer: string;
  /** What the client spoke, as far as is known. */
  readonly scheme: string;
  /** What the peer spoke to us. */
  readonly peerScheme: string;
  /** What Forwarded said before us; `` for nothing. */
  readonly earlier: string;
}

/** X-Request-Id as far as it is the same for every request. */
export const REQUEST_ID_START = Buffer.from(`x-request-id: ${REQUEST_ID_PREFIX}`, 'latin1');

/** Names, quotes and line ends. */
const FIXED_BYTES = 128;
/** Not a token (RFC 9110 section 5.6.2). */
const NEEDS_QUOTES = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

export class ForwardingFields {
  /** X-Forwarded-For, X-Forwarded-Proto, X-Real-IP. */
  readonly fields: readonly HeaderField[];
  /** `fields` as HTTP/1.1 lines, each with its CRLF. */
  readonly lines: Buffer;
  /** Value of Forwarded (RFC 7239) up to and including `host=`. */
  readonly #prefix: string;
  #host = '';
  #hostLines: Buffer | null = null;

  constructor(facts: ForwardingFacts) {
    this.fields = [
      { name: 'x-forwarded-for', value: facts.forwardedFor },
      { name: 'x-forwarded-proto', value: facts.scheme },
      { name: 'x-real-ip', value: facts.client },
    ];
    this.lines = Buffer.from(
      this.fields.map(({ name, value }) => `${name}: ${value}\r\n`).join(''),
      'latin1',
    );
    const node = isIPv6(facts.peer) ? `"[${facts.peer}]"` : facts.peer;
    const element = `for=${node};proto=${facts.peerScheme};host=`;
    this.#prefix = facts.earlier === '' ? element : `${facts.earlier}, ${element}`;
  }

  /** Value of Forwarded for a request to `host`. */
  forwarded(host: string): string {
    const isToken = host !== '' && !NEEDS_QUOTES.test(host);
    return this.#prefix + (isToken ? host : `"${host}"`);
  }

  /** X-Forwarded-Host and Forwarded as HTTP/1.1 lines. */
  hostText(host: string): string {
    return `x-forwarded-host: ${host}\r\nforwarded: ${this.forwarded(host)}\r\n`;
  }

  /** Bytes that all of it may need as HTTP/1.1 lines. */
  sizeFor(host: string): number {
    return this.lines.length + this.#prefix.length + host.length * 2 + FIXED_BYTES;
  }

  /**
   * `lines`, those of `hostText` and the beginning of the X-Request-Id line in one, when the request before was for the same host:
   * the requests of a connection mostly are. null when it was not.
   */
  allLines(host: string): Buffer | null {
    if (host !== this.#host) {
      this.#host = host;
      this.#hostLines = null;
      return null;
    }
    this.#hostLines ??= Buffer.concat([
      this.lines,
      Buffer.from(this.hostText(host), 'latin1'),
      REQUEST_ID_START,
    ]);
    return this.#hostLines;
  }
}
