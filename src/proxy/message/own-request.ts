/**
 * Requests of the gateway itself: health checks, auth server requests, mirrored copies. They are built only here,
 * and carry what the caller lists. A client's head is not the head of such a request: its upgrade, its Expect, its connection-level
 * and its forwarding fields describe another connection.
 */
import type { HeaderField } from '../../ir/filter.ts';
import { isAuthority, isRequestTarget, isToken } from '../../lib/message-grammar.ts';
import { ForwardingFields } from './forwarding-fields.ts';
import { NO_EDITS, compileHeadEdits, type HeadEdits } from './head-edits.ts';
import { UNKNOWN_LENGTH, type RequestHead } from './head.ts';
import { Suspect } from './header-id.ts';
import { NamedFields } from './named-fields.ts';
import type { OutgoingRequest } from './outgoing.ts';

/** No client information. */
const NO_CLIENT = new ForwardingFields({
  forwardedFor: '',
  client: '',
  peer: '',
  scheme: '',
  peerScheme: '',
  earlier: '',
  port: '',
});
const ABOUT_CLIENTS = [
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'x-forwarded-port',
  'forwarded',
  'x-real-ip',
  'x-request-id',
];

/** The gateway's information about the client. */
export type VouchedFacts = Pick<OutgoingRequest, 'forwarding' | 'forwardedHost' | 'requestNumber'>;

export interface OwnRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** Fields from configuration; values may be any text, fields that frame messages are left out. */
  readonly configured: readonly HeaderField[];
  /** Fields of a client's request: names in lower case, values octets. Forwarding fields among them are left out. */
  readonly copied: readonly HeaderField[];
  /** null = no client is involved, and there are no forwarding fields. */
  readonly client: VouchedFacts | null;
  /** A number of bytes is declared, 0 included; a stream has a length that is not known yet. */
  readonly body: 'none' | 'stream' | number;
}

/**
 * May be sent any number of times. Method, target and authority may come from configuration: what is none is not written, for it could be
 * a second request. (The translator refuses it; this is for configurations that it did not make.)
 */
export function ownRequest(asked: OwnRequest): OutgoingRequest {
  const request = {
    ...asked,
    method: isToken(asked.method) ? asked.method : 'GET',
    target: asked.target === '*' || isRequestTarget(asked.target) ? asked.target : '/',
    authority: isAuthority(asked.authority) ? asked.authority : '',
  };
  const { method, authority, scheme, client, body } = request;
  return {
    head: new OwnHead(request),
    method,
    target: null,
    authority: null,
    scheme,
    edits: editsFor(request),
    forwarding: client?.forwarding ?? NO_CLIENT,
    forwardedHost: client?.forwardedHost ?? authority,
    requestNumber: client?.requestNumber ?? -1,
    bodyBytes: typeof body === 'number' ? body : null,
    upgrade: '',
    sendsExpect: false,
  };
}

/**
 * A copy of `request`, for a mirror. It opens no tunnel, and its body follows without waiting for 100: only the backend's response
 * reaches the client.
 */
export function mirroredCopy(request: OutgoingRequest): OutgoingRequest {
  return { ...request, upgrade: '', sendsExpect: false };
}

/** `headers` with this User-Agent, unless they have one of their own. */
export function withUserAgent(headers: readonly HeaderField[], value: string): readonly HeaderField[] {
  const hasOwn = headers.some(({ name }) => name.toLowerCase() === 'user-agent');
  return hasOwn ? headers : [{ name: 'user-agent', value }, ...headers];
}

function editsFor({ client, configured }: OwnRequest): HeadEdits {
  if (client !== null && configured.length === 0) return NO_EDITS;
  return compileHeadEdits([{ remove: client === null ? ABOUT_CLIENTS : [], set: [], add: configured }]);
}

class OwnHead extends NamedFields implements RequestHead {
  readonly method: string;
  readonly host: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  readonly pathChanged = true;
  readonly hasBody: boolean;
  readonly contentLength: number;
  readonly upgrade = '';
  readonly expectsContinue = false;
  /** gRPC servers require `TE: trailers`. */
  readonly acceptsTrailers: boolean;
  readonly version = 'HTTP/1.1';

  constructor({ method, target, authority, copied, body }: OwnRequest) {
    super(copied);
    const mark = target.indexOf('?');
    this.method = method;
    this.authority = authority;
    this.host = authority;
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark + 1);
    this.hasBody = body === 'stream' || (typeof body === 'number' && body > 0);
    this.contentLength = body === 'stream' ? UNKNOWN_LENGTH : body === 'none' ? 0 : body;
    this.acceptsTrailers = body === 'stream';
  }

  header(name: string): string | undefined {
    return this.fields.find((field) => field.name === name)?.value;
  }
  readonly suspects = Suspect.none;
  hide(): void {
    // The gateway hides nothing from itself.
  }
  retain(): RequestHead {
    return this;
  }
}
