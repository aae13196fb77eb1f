/** Responses of the gateway itself. `renderReply` renders all of them, in a form that suits the request. */
import type { HeaderField } from '../../ir/filter.ts';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import { GRPC_STATUS } from './grpc-status.ts';
import { NO_EDITS } from './head-edits.ts';
import { LocalHead, type ResponseHead } from './head.ts';
import type { DownstreamStream } from './stream.ts';

/** A local reply, before the request is known. */
export interface Reply {
  readonly status: number;
  /** Names in lower case. Content-Length and Date are added. */
  readonly fields: readonly HeaderField[];
  /** Plain text unless `fields` has a Content-Type; `` = no content. Octets are sent as they are. */
  readonly body: string | Buffer;
  /** The reply for a gRPC client; null: the same as for any other. `message` may be any text. */
  readonly grpc: { readonly status: number; readonly message: string } | null;
}

/** The properties of the request that determine the form of the reply. */
export interface ReplyTarget {
  readonly method: string;
  /** The client reads gRPC status, not HTTP errors. */
  readonly isGrpc: boolean;
}

/** `body` is to be sent only when `head.hasBody`. */
export interface LocalResponse {
  readonly head: LocalHead;
  readonly body: Buffer;
}

const NO_BODY = Buffer.alloc(0);
const NO_CONTENT = 204;
const RESET_CONTENT = 205;
const NOT_MODIFIED = 304;

let dateSecond = -1;
let dateText = '';

/** The current time as a Date value (RFC 9110 section 5.6.7). */
function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}

/** The reason as a field, if the Gateway enables it. */
export function reasonFields(
  reason: ReasonCode | null,
  settings: ProxySettings | undefined,
): readonly HeaderField[] | null {
  if (reason === null || settings?.reasonHeader !== true) return null;
  return [{ name: 'x-sluice-reason', value: reason }];
}

/** The reply for `reason`. */
export function replyFor(reason: ReasonCode): Reply {
  const { status, text } = REASONS[reason];
  const message = `${reason}: ${text}`;
  return { status, fields: [], body: `${message}\n`, grpc: { status: GRPC_STATUS[reason], message } };
}

/**
 * A gRPC client gets the status in a head without body; HEAD, and statuses that have no content, get a head without body; everyone else
 * gets status and body. No other code decides whether a reply has a body.
 */
export function renderReply(reply: Reply, { method, isGrpc }: ReplyTarget): LocalResponse {
  if (isGrpc && reply.grpc !== null) return { head: grpcHead(reply.fields, reply.grpc), body: NO_BODY };
  const { status } = reply;
  const hasContent = status !== NO_CONTENT && status !== RESET_CONTENT && status !== NOT_MODIFIED;
  const body = hasContent ? octetsOf(reply.body) : NO_BODY;
  const names = reply.fields.map(({ name }) => name);
  const values = reply.fields.map(({ value }) => value);
  const add = (name: string, value: string): void => {
    names.push(name);
    values.push(value);
  };
  if (body.length > 0 && !names.includes('content-type')) add('content-type', 'text/plain; charset=utf-8');
  // Of 204 and 304 it would be wrong, or that of another response (RFC 9110 section 8.6).
  if (hasContent || status === RESET_CONTENT) add('content-length', String(body.length));
  add('date', httpDate());
  return { head: new LocalHead(status, names, values, method === 'HEAD' ? 0 : body.length), body };
}

const octetsOf = (body: string | Buffer): Buffer =>
  typeof body === 'string' ? Buffer.from(body, 'utf8') : body;

/** Sends the whole response to a request that is rejected while its head is read, and so has no rule. */
export function refuse(stream: DownstreamStream, reason: ReasonCode, to: ReplyTarget): void {
  const { head, body } = renderReply(replyFor(reason), to);
  stream.sendHead(head, NO_EDITS, null);
  sendReplyBody(stream, head, body);
}

/** Sends what follows the head of a reply; the number of bytes of content. */
export function sendReplyBody(stream: DownstreamStream, { hasBody }: ResponseHead, body: Buffer): number {
  if (hasBody) stream.sendData(body, 0, body.length, false);
  stream.sendEnd(null);
  return hasBody ? body.length : 0;
}

/** What `grpc-message` has as it is; everything else is percent-encoded (gRPC over HTTP/2, "Status-Message"). */
const NOT_PLAIN = /[^\x20-\x24\x26-\x7e]/gu;

/** HTTP 200 with the status in the head and no body ("Trailers-Only" in gRPC over HTTP/2). */
function grpcHead(fields: Reply['fields'], { status, message }: NonNullable<Reply['grpc']>): LocalHead {
  const others = fields.filter(({ name }) => name !== 'content-type' && !name.startsWith('grpc-'));
  const encoded = message.replaceAll(NOT_PLAIN, (char) => encodeURIComponent(char));
  return new LocalHead(
    200,
    ['content-type', 'grpc-status', 'grpc-message', ...others.map(({ name }) => name), 'date'],
    ['application/grpc', String(status), encoded, ...others.map(({ value }) => value), httpDate()],
  );
}
