/** The requests of active checks, in the form in which any request goes to a backend. */
import { ForwardingFields } from '../../http/forwarding-fields.ts';
import { compileHeadEdits, type HeadEdits } from '../../http/head-edits.ts';
import { LocalHead, UNKNOWN_LENGTH, type RequestHead } from '../../http/head.ts';
import type { OutgoingRequest } from '../../http/outgoing.ts';
import type { HeaderField } from '../../../ir/filter.ts';

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
const USER_AGENT: HeaderField = { name: 'user-agent', value: 'sluice-health-check' };

export interface CheckRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly authority: string;
  readonly scheme: 'http' | 'https';
  /** The policy's; they replace our own. */
  readonly headers: readonly HeaderField[];
  readonly hasBody: boolean;
}

/** Serves any number of checks. */
export function outgoingCheck(request: CheckRequest): OutgoingRequest {
  const { authority, scheme, headers } = request;
  return {
    head: new CheckHead(request),
    method: request.method,
    target: null,
    authority: null,
    scheme,
    edits: editsFor(headers),
    forwarding: NOBODY,
    forwardedHost: authority,
    requestNumber: -1,
    bodyBytes: null,
    extra: null,
  };
}

function editsFor(headers: readonly HeaderField[]): HeadEdits {
  const hasAgent = headers.some(({ name }) => name.toLowerCase() === USER_AGENT.name);
  return compileHeadEdits([
    { remove: ABOUT_CLIENTS, set: [], add: hasAgent ? headers : [USER_AGENT, ...headers] },
  ]);
}

class CheckHead extends LocalHead implements RequestHead {
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

  constructor({ method, target, authority, hasBody }: CheckRequest) {
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
