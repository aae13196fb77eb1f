/** Checks that send a request and evaluate the response, with the same engines as client requests. */
import { DEFAULT_CLUSTER_POLICY } from '../../../ir/policy.ts';
import { bulkBuffers } from '../../message/bulk-buffers.ts';
import type { FieldList, ResponseHead } from '../../message/head.ts';
import type { OutgoingRequest, PreparedRequest } from '../../message/outgoing.ts';
import type { ResetCause, UpstreamEvents, UpstreamStream } from '../../message/stream.ts';
import { CircuitBreaker } from '../circuit-breaker.ts';
import type { Dial, EndpointPool, UpstreamProtocol } from '../upstream-pool.ts';
import { PASSED, failed, type CheckResult, type Probe } from './check-result.ts';

/** Maximum size of a response. */
const MAX_BODY_BYTES = 65_536;
/** Checks do not count against circuit breakers. */
const UNLIMITED = DEFAULT_CLUSTER_POLICY.circuitBreaker;

export interface Question {
  readonly protocol: UpstreamProtocol;
  readonly dial: Dial;
  readonly request: OutgoingRequest;
  /** null = none. */
  readonly body: Buffer | null;
  /** For one answer. */
  readonly evaluator: () => ResponseEvaluator;
}

/** Evaluates a response as it arrives: any result but a pass ends the check. */
export interface ResponseEvaluator {
  onHead(head: ResponseHead): CheckResult;
  onData(bytes: Buffer): void;
  /** After a head that passed. */
  onEnd(trailers: FieldList | null): CheckResult;
}

export class RequestProbe implements Probe {
  readonly #question: Question;

  constructor(question: Question) {
    this.#question = question;
  }

  start(done: (result: CheckResult) => void): () => void {
    const asking = new Asking(this.#question, done);
    asking.start();
    return () => {
      asking.cancel();
    };
  }
}

/** One check, on a new connection, to test whether a new client would be served. */
class Asking implements UpstreamEvents {
  readonly #question: Question;
  readonly #done: (result: CheckResult) => void;
  readonly #evaluator: ResponseEvaluator;
  readonly #pool: EndpointPool;
  #prepared: PreparedRequest | null = null;
  #stream: UpstreamStream | null = null;
  #bytes = 0;
  #isOver = false;

  constructor(question: Question, done: (result: CheckResult) => void) {
    this.#question = question;
    this.#done = done;
    this.#evaluator = question.evaluator();
    this.#pool = question.protocol.createPool(question.dial, new CircuitBreaker(UNLIMITED));
  }

  start(): void {
    // The connection is not kept.
    this.#pool.retire();
    this.#pool.open(this, true, null);
  }

  cancel(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pool.cancelOpen(this);
    this.#stream?.cancel();
    this.#leave();
  }

  #leave(): void {
    this.#stream = null;
    this.#prepared?.release();
    this.#prepared = null;
    this.#pool.destroy();
  }

  #finish(result: CheckResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#stream?.cancel();
    this.#leave();
    this.#done(result);
  }

  onUpstreamReady(stream: UpstreamStream): void {
    const { protocol, request, body } = this.#question;
    if (this.#isOver) {
      stream.cancel();
      return;
    }
    this.#stream = stream;
    this.#prepared = protocol.prepare(request);
    stream.start(this.#prepared, body === null);
    if (body === null) return;
    stream.sendData(body, 0, body.length, false);
    stream.sendEnd(null);
  }

  onUpstreamUnavailable(): void {
    this.#finish(failed('connect_failed'));
  }

  onResponseHead(head: ResponseHead): void {
    const verdict = this.#evaluator.onHead(head);
    if (verdict.failure !== null) this.#finish(verdict);
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.#bytes += to - from;
    if (!this.#isOver) this.#evaluator.onData(buffer.subarray(from, to));
    if (owned) bulkBuffers.release(buffer);
    if (this.#bytes > MAX_BODY_BYTES) this.#finish(PASSED);
  }

  onResponseEnd(trailers: FieldList | null): void {
    if (this.#isOver) return;
    this.#stream = null;
    this.#finish(this.#evaluator.onEnd(trailers));
  }

  onUpstreamReset(cause: ResetCause): void {
    this.#stream = null;
    this.#finish(failed(cause === 'invalid' ? 'invalid' : 'reset'));
  }

  onInformational(): void {
    // The answer is still to come.
  }
  onResponseFlush(): void {
    // Nothing is held back.
  }
  onUpstreamDrained(): void {
    // The request is short.
  }
}
