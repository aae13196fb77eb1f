/** Asks an auth server that speaks gRPC: `envoy.service.auth.v3.Authorization/Check`. No verdict is a refusal. */
import type { UpstreamCluster } from '../../../upstream/cluster.ts';
import { TimerEntry, type TimerWheel } from '../../../net/timer-wheel.ts';
import { bulkBuffers } from '../../../message/bulk-buffers.ts';
import type { FieldList, ResponseHead } from '../../../message/head.ts';
import { HeaderId } from '../../../message/header-id.ts';
import type { PreparedRequest } from '../../../message/outgoing.ts';
import { ownRequest, withUserAgent } from '../../../message/own-request.ts';
import type { UpstreamEvents, UpstreamStream } from '../../../message/stream.ts';
import { UpstreamCall } from '../../../exchange/upstream-call.ts';
import { readVerdict, type CheckVerdict } from './check-response.ts';

const ANSWER_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 262_144;
const METHOD = '/envoy.service.auth.v3.Authorization/Check';
const HEADERS = withUserAgent(
  [
    { name: 'content-type', value: 'application/grpc' },
    { name: 'grpc-timeout', value: `${ANSWER_TIMEOUT_MS}m` },
  ],
  'sluice-external-auth',
);

export interface GrpcQuestion {
  readonly kind: 'grpc';
  readonly cluster: UpstreamCluster;
  readonly authority: string;
  /** CheckRequest in its frame. */
  readonly message: Buffer;
  /** Whether the client's request has a field of this name, in lower case. */
  readonly has: (name: string) => boolean;
}

export class GrpcAuthCheck extends TimerEntry implements UpstreamEvents {
  readonly #question: GrpcQuestion;
  readonly #wheel: TimerWheel;
  readonly #onVerdict: (verdict: CheckVerdict | null) => void;
  readonly #call: UpstreamCall;
  readonly #prepared: PreparedRequest;
  #answer: Buffer[] = [];
  #answerBytes = 0;
  /** What the head of the answer said, if it said anything. */
  #status = '';
  #isOver = false;

  /** `onVerdict` is called once, unless the check is cancelled; null: there is none to be had. */
  constructor(question: GrpcQuestion, wheel: TimerWheel, onVerdict: (verdict: CheckVerdict | null) => void) {
    super();
    this.#question = question;
    this.#wheel = wheel;
    this.#onVerdict = onVerdict;
    this.#call = new UpstreamCall(question.cluster, this, wheel);
    const { authority, cluster } = question;
    const scheme = cluster.config.tls === null ? 'http' : 'https';
    this.#prepared = cluster.protocol.prepare(
      ownRequest({
        method: 'POST',
        target: METHOD,
        authority,
        scheme,
        configured: HEADERS,
        copied: [],
        client: null,
        body: 'stream',
      }),
    );
  }

  ask(): void {
    this.#wheel.schedule(this, this.#wheel.now() + ANSWER_TIMEOUT_MS);
    if (!this.#call.open()) this.#finish(null);
  }

  /** The verdict is not needed any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#call.cancel();
  }

  onUpstreamReady(stream: UpstreamStream): void {
    const { message } = this.#question;
    this.#call.ready(stream);
    stream.start(this.#prepared, false);
    stream.sendData(message, 0, message.length, false);
    stream.sendEnd(null);
  }

  onResponseHead(head: ResponseHead): void {
    this.#status = statusIn(head);
    if (head.status !== 200) this.#giveUp();
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.#answerBytes += to - from;
    if (this.#answerBytes <= MAX_ANSWER_BYTES) this.#answer.push(Buffer.from(buffer.subarray(from, to)));
    if (owned) bulkBuffers.release(buffer);
    if (this.#answerBytes > MAX_ANSWER_BYTES) this.#giveUp();
  }

  onResponseEnd(trailers: FieldList | null): void {
    if (this.#isOver) return;
    this.#call.ended();
    const status = trailers === null ? this.#status : statusIn(trailers);
    const { has } = this.#question;
    this.#finish(status === '0' ? readVerdict(Buffer.concat(this.#answer), has) : null);
  }

  onUpstreamReset(): void {
    this.#call.ended();
    this.#finish(null);
  }
  onUpstreamUnavailable(): void {
    this.#call.ended();
    this.#finish(null);
  }
  onTimer(): void {
    this.#giveUp();
  }

  onInformational(): void {
    // Between us and the auth server.
  }
  onResponseFlush(): void {
    // Nothing is passed on.
  }
  onUpstreamDrained(): void {
    // The question was sent whole.
  }

  #giveUp(): void {
    if (this.#isOver) return;
    this.#call.cancel();
    this.#finish(null);
  }

  #finish(verdict: CheckVerdict | null): void {
    if (this.#isOver) return;
    this.#end();
    this.#onVerdict(verdict);
  }

  #end(): void {
    this.#isOver = true;
    this.#answer = [];
    this.#wheel.remove(this);
    this.#prepared.release();
  }
}

/** `grpc-status`; `` without one. */
function statusIn(fields: FieldList): string {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) === HeaderId.grpcStatus) return fields.value(index);
  }
  return '';
}
