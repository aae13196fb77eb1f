/** A request for a backend over HTTP/2: encoded again for each connection it is attempted on, from data that outlives the client's head. */
import type { RequestHead } from '../message/head.ts';
import { HeaderId, REPLACED_IDS, idTable } from '../message/header-id.ts';
import type { OutgoingRequest, PreparedRequest } from '../message/outgoing.ts';
import { EntryFields } from '../message/entry-fields.ts';
import { entriesOf } from './field-entries.ts';
import type { FieldWriter } from './field-writer.ts';
import { NamePlace } from './hpack/encoder-table.ts';

/** Never copied: they have another form in HTTP/2, or the gateway writes them. */
const ALWAYS = [
  HeaderId.host,
  ...REPLACED_IDS,
  // A WebSocket handshake has another form (RFC 8441 section 5).
  HeaderId.secWebSocketKey,
];
const DROPS_REQUEST_ID = 1;
const DROPS_BODY = 2;
const DROPS_EXPECT = 4;
/** By the sum of what else is left out. */
const DROPS: readonly Uint8Array[] = Array.from({ length: 8 }, (_, which) => {
  const ids: number[] = [...ALWAYS];
  if ((which & DROPS_REQUEST_ID) !== 0) ids.push(HeaderId.xRequestId);
  if ((which & DROPS_BODY) !== 0) ids.push(HeaderId.contentLength, HeaderId.trailer);
  if ((which & DROPS_EXPECT) !== 0) ids.push(HeaderId.expect);
  return idTable(ids);
});

export class H2PreparedRequest implements PreparedRequest {
  readonly isHead: boolean;
  /** An extended CONNECT (RFC 8441). */
  readonly isTunnel: boolean;
  readonly #request: OutgoingRequest;
  readonly #path: string;
  readonly #authority: string;
  readonly #acceptsTrailers: boolean;
  readonly #protocol: string;
  /** Fields of the client. */
  readonly #fields: EntryFields;

  constructor(request: OutgoingRequest) {
    const { head, edits, method } = request;
    this.#request = request;
    this.isHead = method === 'HEAD';
    this.isTunnel = request.upgrade !== '';
    this.#protocol = request.upgrade;
    this.#acceptsTrailers = head.acceptsTrailers;
    this.#path = request.target ?? targetOf(head);
    this.#authority = edits.authority ?? request.authority ?? head.authority;
    this.#fields = head instanceof EntryFields ? head : entriesOf(head);
  }

  write(fields: FieldWriter): void {
    const { method, scheme, edits, requestNumber, bodyBytes, sendsExpect } = this.#request;
    fields.field(':method', this.isTunnel ? 'CONNECT' : method, NamePlace.method);
    fields.field(':scheme', scheme, NamePlace.scheme);
    fields.field(':path', this.#path, NamePlace.path);
    if (this.#authority !== '') fields.field(':authority', this.#authority, NamePlace.authority);
    if (this.isTunnel) fields.field(':protocol', this.#protocol);
    const which =
      (requestNumber < 0 ? 0 : DROPS_REQUEST_ID) |
      (bodyBytes === null ? 0 : DROPS_BODY) |
      (sendsExpect ? 0 : DROPS_EXPECT);
    fields.copied(this.#fields, DROPS[which] as Uint8Array, edits);
    // TE is connection-level, but gRPC requires it as a sign that trailers are supported, which they are.
    if (this.#acceptsTrailers && edits.dropIds[HeaderId.te] === 0)
      fields.field('te', 'trailers', HeaderId.te);
    if (edits.append.length > 0) fields.added(edits.append);
    this.#writeForwarding(fields);
    if (bodyBytes !== null) fields.field('content-length', String(bodyBytes));
  }

  /** Filters of the rule may drop these. */
  #writeForwarding(fields: FieldWriter): void {
    const { edits, forwarding, forwardedHost, requestNumber } = this.#request;
    const { dropIds, dropsForwarding } = edits;
    for (const { name, value, id } of forwarding.fields) {
      if (!dropsForwarding || dropIds[id] === 0) fields.field(name, value, id);
    }
    if (dropIds[HeaderId.xForwardedHost] === 0) {
      fields.field('x-forwarded-host', forwardedHost, HeaderId.xForwardedHost);
    }
    if (dropIds[HeaderId.forwarded] === 0) {
      fields.field('forwarded', forwarding.forwarded(forwardedHost), HeaderId.forwarded);
    }
    if (requestNumber >= 0 && dropIds[HeaderId.xRequestId] === 0) fields.requestId(requestNumber);
  }

  release(): void {
    // Strings and entries: nothing to release.
  }
}

export const prepareHttp2 = (request: OutgoingRequest): H2PreparedRequest => new H2PreparedRequest(request);

function targetOf({ path, query }: RequestHead): string {
  return query === '' ? path : `${path}?${query}`;
}
