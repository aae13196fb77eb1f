/**
 * Session tokens of clients (GEP-1619). Tokens are keyed: no client can read an address from one, forge one, or change when
 * it began. Every worker, and every proxy of a Gateway, has the same key.
 */
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { ClusterId } from '../../ir/ids.ts';

/** 96 bits distinguish endpoints. */
const NAME_BYTES = 12;
const MAC_BYTES = 16;

/** `name.began.mac`; `began` in seconds since the epoch, in base 36. */
const TOKEN = /^([A-Za-z0-9_-]{16})\.([0-9a-z]{1,11})\.([A-Za-z0-9_-]{22})$/;

/** The properties of an endpoint that its token identifies. */
export interface SessionEndpoint {
  readonly cluster: ClusterId;
  /** `address:port` */
  readonly name: string;
}

export interface SessionToken {
  /** `SessionTokens.nameOf` an endpoint. */
  readonly endpoint: string;
  readonly beganMs: number;
}

export class SessionTokens {
  readonly #key: Buffer;
  readonly #names = new WeakMap<SessionEndpoint, string>();

  /** `secret`: at least 32 bytes. */
  constructor(secret: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', secret, '', 'sluice session tokens', 32));
  }

  /** The token name of an endpoint in its cluster. */
  nameOf(endpoint: SessionEndpoint): string {
    let name = this.#names.get(endpoint);
    if (name === undefined) {
      name = this.#mac(`endpoint ${endpoint.cluster} ${endpoint.name}`, NAME_BYTES).toString('base64url');
      this.#names.set(endpoint, name);
    }
    return name;
  }

  /** `session`: the name of the cookie or header. A token is valid only for that one: rules do not share sessions. */
  issue(session: string, endpoint: SessionEndpoint, nowMs: number): string {
    const content = `${this.nameOf(endpoint)}.${Math.floor(nowMs / 1_000).toString(36)}`;
    return `${content}.${this.#macOf(session, content).toString('base64url')}`;
  }

  /** null if no proxy with this key issued it for `session`. */
  read(session: string, text: string): SessionToken | null {
    const [, endpoint, began, mac] = TOKEN.exec(text) ?? [];
    if (endpoint === undefined || began === undefined || mac === undefined) return null;
    const given = Buffer.from(mac, 'base64url');
    if (!timingSafeEqual(given, this.#macOf(session, `${endpoint}.${began}`))) return null;
    return { endpoint, beganMs: parseInt(began, 36) * 1_000 };
  }

  #macOf(session: string, content: string): Buffer {
    return this.#mac(`session ${session} ${content}`, MAC_BYTES);
  }

  #mac(text: string, bytes: number): Buffer {
    return createHmac('sha256', this.#key).update(text).digest().subarray(0, bytes);
  }
}
