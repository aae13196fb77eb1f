/**
 * gRPC-Web (github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md): what browsers speak, since they see no trailers. The exchange sees a
 * gRPC call; its answer's trailers go to the client as a last frame of the body. Messages pass as they come, whatever their size.
 */
import type { HeaderField } from '../../ir/filter.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { isGrpcContent } from '../message/grpc-status.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { UNKNOWN_LENGTH, type FieldList, type ResponseHead } from '../message/head.ts';
import { HeaderId, isConnectionLevel } from '../message/header-id.ts';
import { RetainedFields } from '../message/retained-head.ts';
import type { DownstreamEvents, DownstreamStream, ResetCause } from '../message/stream.ts';
import { isForwardableTrailer } from '../message/trailers.ts';
import { Base64Decoder, Base64Encoder } from './base64-stream.ts';
import type { WebFormat } from '../message/grpc-web-head.ts';

/** Flag of the frame that holds trailers; a message has 0 (or 1 when it is compressed). */
const TRAILERS_FRAME = 0x80;
const FRAME_PREFIX_BYTES = 5;
const STATUS_DETAILS = 'grpc-status-details-bin';

/** The client's side of a call, as the exchange knows one of gRPC. */
export class WebCallStream implements DownstreamStream {
  readonly #stream: DownstreamStream;
  readonly #format: WebFormat;
  readonly #encoder: Base64Encoder | null;
  /** The answer is one of gRPC; anything else passes as it is. */
  #isCall = false;
  /**
   * The response's head where the response ended with it: to gRPC all its metadata is trailers ("Trailers-Only"), which the client
   * looks for in the body.
   */
  #onlyHead: FieldList | null = null;

  constructor(stream: DownstreamStream, format: WebFormat) {
    this.#stream = stream;
    this.#format = format;
    this.#encoder = format.isText ? new Base64Encoder() : null;
  }

  sendInformational(head: ResponseHead): void {
    this.#stream.sendInformational(head);
  }

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    this.#isCall = head.status === 200 && isGrpcContent(contentTypeOf(head));
    if (!this.#isCall) {
      this.#stream.sendHead(head, edits, extra);
      return;
    }
    const webHead = new WebResponseHead(head, this.#format);
    if (!head.hasBody) this.#onlyHead = new RetainedFields(head);
    this.#stream.sendHead(webHead, edits, extra);
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    const encoder = this.#encoder;
    if (encoder === null || !this.#isCall) return this.#stream.sendData(buffer, from, to, owned);
    const text = encoder.encode(buffer, from, to);
    if (owned) bulkBuffers.release(buffer);
    return text.length === 0 || this.#stream.sendData(text, 0, text.length, false);
  }

  sendEnd(trailers: FieldList | null): void {
    if (!this.#isCall) {
      this.#stream.sendEnd(trailers);
      return;
    }
    const last = this.#onlyHead ?? trailers;
    if (last !== null) {
      const frame = trailersFrame(last);
      this.sendData(frame, 0, frame.length, false);
    }
    this.#sendRest();
    this.#stream.sendEnd(null);
  }

  /** A message that is complete must not wait for the next one's first bytes. */
  flush(): void {
    this.#sendRest();
    this.#stream.flush();
  }

  #sendRest(): void {
    const rest = this.#encoder?.flush();
    if (rest !== undefined && rest.length > 0) this.#stream.sendData(rest, 0, rest.length, false);
  }

  abort(): void {
    this.#stream.abort();
  }
  pauseRequest(): void {
    this.#stream.pauseRequest();
  }
  resumeRequest(): void {
    this.#stream.resumeRequest();
  }
}

/** Decodes the body of a call in text form on its way to the exchange. */
export class WebTextRequest implements DownstreamEvents {
  readonly #exchange: DownstreamEvents;
  readonly #decoder = new Base64Decoder();
  #isBroken = false;

  constructor(exchange: DownstreamEvents) {
    this.#exchange = exchange;
  }

  onRequestData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    const bytes = this.#isBroken ? null : this.#decoder.decode(buffer, from, to);
    if (owned) bulkBuffers.release(buffer);
    this.#pass(bytes);
  }

  onRequestEnd(trailers: FieldList | null): void {
    this.#pass(this.#isBroken ? null : this.#decoder.end());
    if (!this.#isBroken) this.#exchange.onRequestEnd(trailers);
  }

  #pass(bytes: Buffer | null): void {
    if (bytes !== null && bytes.length > 0) this.#exchange.onRequestData(bytes, 0, bytes.length, false);
    if (bytes !== null || this.#isBroken) return;
    this.#isBroken = true;
    this.#exchange.onDownstreamReset('invalid', 'bad_request');
  }

  onRequestFlush(): void {
    if (!this.#isBroken) this.#exchange.onRequestFlush();
  }
  onDownstreamDrained(): void {
    if (!this.#isBroken) this.#exchange.onDownstreamDrained();
  }
  onDownstreamReset(cause: ResetCause, reason: ReasonCode): void {
    this.#exchange.onDownstreamReset(cause, reason);
  }
}

/** The head of a gRPC answer for a client of gRPC-Web. */
class WebResponseHead implements ResponseHead {
  readonly status: number;
  /** Trailers at least follow. */
  readonly hasBody = true;
  readonly contentLength = UNKNOWN_LENGTH;
  readonly #head: ResponseHead;
  readonly #kept: readonly number[];
  readonly #contentType: string;

  constructor(head: ResponseHead, { isText, suffix }: WebFormat) {
    this.status = head.status;
    this.#head = head;
    const isKept = (index: number): boolean =>
      head.id(index) !== HeaderId.contentLength && (head.hasBody || !isStatus(head, index));
    this.#kept = Array.from({ length: head.count }, (_, index) => index).filter(isKept);
    this.#contentType = `application/grpc-web${isText ? '-text' : ''}${suffix === '' ? '+proto' : suffix}`;
  }

  get count(): number {
    return this.#kept.length;
  }
  id(index: number): number {
    return this.#head.id(this.#kept[index] as number);
  }
  name(index: number): string {
    return this.#head.name(this.#kept[index] as number);
  }
  value(index: number): string {
    if (this.id(index) === HeaderId.contentType) return this.#contentType;
    return this.#head.value(this.#kept[index] as number);
  }
}

function isStatus(head: FieldList, index: number): boolean {
  const id = head.id(index);
  return id === HeaderId.grpcStatus || id === HeaderId.grpcMessage || head.name(index) === STATUS_DETAILS;
}

function contentTypeOf(head: FieldList): string {
  for (let index = 0; index < head.count; index++) {
    if (head.id(index) === HeaderId.contentType) return head.value(index);
  }
  return '';
}

/** Lines as HTTP/1.1 writes them, names in lower case, as the payload of a frame. */
function trailersFrame(trailers: FieldList): Buffer {
  let lines = '';
  for (let index = 0; index < trailers.count; index++) {
    if (isConnectionLevel(trailers.id(index))) continue;
    const crosses = isForwardableTrailer(trailers, index) || isStatus(trailers, index);
    if (crosses) lines += `${trailers.name(index)}: ${trailers.value(index)}\r\n`;
  }
  const frame = Buffer.allocUnsafe(FRAME_PREFIX_BYTES + lines.length);
  frame[0] = TRAILERS_FRAME;
  frame.writeUInt32BE(lines.length, 1);
  frame.write(lines, FRAME_PREFIX_BYTES, 'latin1');
  return frame;
}
