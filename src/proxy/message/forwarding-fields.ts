/** The rendered forwarding fields of a request. */
import type { HeaderField } from '../../ir/filter.ts';
import { HeaderId } from './header-id.ts';
import { REQUEST_ID_PREFIX } from './request-id.ts';

export interface ForwardingFacts {
  /** The whole X-Forwarded-For value. */
  readonly forwardedFor: string;
  /** The address that is used as the client's. */
  readonly client: string;
  /** The address that the connection came from. */
  readonly peer: string;
  /** The scheme of the client, as far as known. */
  readonly scheme: string;
  /** The scheme of the connection. */
  readonly peerScheme: string;
  /** The received Forwarded value; `` without one. */
  readonly earlier: string;
  /** X-Forwarded-Port of a trusted proxy; `` without one. */
  readonly port: string;
}

/** X-Request-Id as far as it is the same for every request. */
export const REQUEST_ID_START = `x-request-id: ${REQUEST_ID_PREFIX}`;

/** Names, schemes, quotes and line ends. */
const FIXED_BYTES = 256;
/** Not a token (RFC 9110 section 5.6.2). */
const NEEDS_QUOTES = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;

export interface ForwardingField extends HeaderField {
  /** A number of `HeaderId`. */
  readonly id: number;
}

export class ForwardingFields {
  readonly #facts: ForwardingFacts;
  #fields: readonly ForwardingField[] | null = null;
  /** `Forwarded` for the previous host: the next request mostly has the same one. */
  #forwardedHost: string | null = null;
  #forwarded = '';
  #host = '';
  #allLines: Buffer | null = null;
  /** `fields` as HTTP/1.1 lines; null until a request needs them. */
  #lines: string | null = null;

  constructor(facts: ForwardingFacts) {
    this.#facts = facts;
  }

  /** Value of Forwarded (RFC 7239) up to and including `host=`. */
  get #prefix(): string {
    const { peer, peerScheme, earlier } = this.#facts;
    const node = peer.includes(':') ? `"[${peer}]"` : peer;
    const element = `for=${node};proto=${peerScheme};host=`;
    return earlier === '' ? element : `${earlier}, ${element}`;
  }

  /** X-Forwarded-For, X-Forwarded-Proto, X-Real-IP; X-Forwarded-Port if a trusted proxy sent it. */
  get fields(): readonly ForwardingField[] {
    this.#fields ??= fieldsOf(this.#facts);
    return this.#fields;
  }

  /** Value of Forwarded for a request to `host`. */
  forwarded(host: string): string {
    if (host !== this.#forwardedHost) {
      const isToken = host !== '' && !NEEDS_QUOTES.test(host);
      this.#forwardedHost = host;
      this.#forwarded = this.#prefix + (isToken ? host : `"${host}"`);
    }
    return this.#forwarded;
  }

  /** Bytes that all of it may need as HTTP/1.1 lines. */
  sizeFor(host: string): number {
    const { forwardedFor, client, peer, earlier } = this.#facts;
    return forwardedFor.length + client.length + peer.length + earlier.length + host.length * 2 + FIXED_BYTES;
  }

  /** All but X-Request-Id as HTTP/1.1 lines. */
  linesFor(host: string): string {
    this.#lines ??= this.fields.map(({ name, value }) => `${name}: ${value}\r\n`).join('');
    return `${this.#lines}x-forwarded-host: ${host}\r\nforwarded: ${this.forwarded(host)}\r\n`;
  }

  /**
   * `linesFor` and the beginning of the X-Request-Id line as bytes, when the request before was for the same host: the requests
   * of a connection mostly are. null when it was not.
   */
  allLines(host: string): Buffer | null {
    if (host !== this.#host) {
      this.#host = host;
      this.#allLines = null;
      return null;
    }
    this.#allLines ??= Buffer.from(this.linesFor(host) + REQUEST_ID_START, 'latin1');
    return this.#allLines;
  }
}

function fieldsOf({ forwardedFor, scheme, client, port }: ForwardingFacts): readonly ForwardingField[] {
  const fields: ForwardingField[] = [
    { name: 'x-forwarded-for', value: forwardedFor, id: HeaderId.xForwardedFor },
    { name: 'x-forwarded-proto', value: scheme, id: HeaderId.xForwardedProto },
    { name: 'x-real-ip', value: client, id: HeaderId.xRealIp },
  ];
  if (port !== '') fields.push({ name: 'x-forwarded-port', value: port, id: HeaderId.xForwardedPort });
  return fields;
}
