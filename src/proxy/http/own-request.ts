/** Requests of the gateway itself (health checks, questions to auth servers), in the form in which any request goes to a backend. */
import { ForwardingFields } from './forwarding-fields.ts';
import { compileHeadEdits, type HeadEdits } from './head-edits.ts';
import { LocalHead, UNKNOWN_LENGTH, type RequestHead } from './head.ts';
import type { OutgoingRequest } from './outgoing.ts';
import type { HeaderField } from '../../ir/filter.ts';

/** There is no client that a backend could be told of. */
const NOBODY = new ForwardingFields({
  forwardedFor: '',
  client: '',
  peer: '',
  scheme: '',
  peerScheme: '',
  earlier: '',
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
const USER_AGENT = 'user-agent';

export interface OwnRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** A `user-agent` among them replaces the one below. */
  readonly headers: readonly HeaderField[];
  readonly userAgent: string;
  readonly hasBody: boolean;
}

/** May be sent any number of times. */
export function ownRequest(request: OwnRequest): OutgoingRequest {
  const { authority, scheme } = request;
  return {
    head: new OwnHead(request),
    method: request.method,
    target: null,
    authority: null,
    scheme,
    edits: editsFor(request),
    forwarding: NOBODY,
    forwardedHost: authority,
    requestNumber: -1,
    bodyBytes: null,
    extra: null,
  };
}

function editsFor({ headers, userAgent }: OwnRequest): HeadEdits {
  const hasAgent = headers.some(({ name }) => name.toLowerCase() === USER_AGENT);
  const add = hasAgent ? headers : [{ name: USER_AGENT, value: userAgent }, ...headers];
  return compileHeadEdits([{ remove: ABOUT_CLIENTS, set: [], add }]);
}

class OwnHead extends LocalHead implements RequestHead {
  readonly method: string;
  readonly host: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  readonly pathChanged = true;
  readonly upgrade = '';
  readonly expectsContinue = false;
  readonly acceptsTrailers: boolean;
  readonly version = 'HTTP/1.1';

  constructor({ method, target, authority, hasBody }: OwnRequest) {
    super(0, [], [], hasBody ? UNKNOWN_LENGTH : 0);
    const mark = target.indexOf('?');
    this.method = method;
    this.authority = authority;
    this.host = authority;
    this.path = mark < 0 ? target : target.slice(0, mark);
    this.query = mark < 0 ? '' : target.slice(mark + 1);
    this.acceptsTrailers = hasBody;
  }

  header(): undefined {
    return undefined;
  }

  retain(): RequestHead {
    return this;
  }
}
