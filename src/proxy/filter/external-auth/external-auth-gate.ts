/** Holds an exchange back until its auth server has answered, and makes of the verdict what it means for the exchange. */
import type { HeaderEdit, HeaderField } from '../../../ir/filter.ts';
import { GrpcAuthCheck, type GrpcQuestion } from './grpc/check-call.ts';
import type { CheckVerdict } from './grpc/check-response.ts';
import { deniedCall, deniedReply } from './grpc/denied-reply.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { ExternalAuthCheck, type AuthEvents, type AuthQuestion } from './external-auth-check.ts';
import type { FieldList, ResponseHead } from '../../message/head.ts';
import type { RequestBody } from '../../exchange/request-body.ts';
import type { ResetCause, UpstreamStream } from '../../message/stream.ts';

/** What an auth server that lets a request through wants changed. */
export interface AuthGrant {
  readonly request: HeaderEdit;
  /** To be added to the backend's answer. */
  readonly response: readonly HeaderField[];
}

export interface AuthPlan {
  /** Bytes of the request's body that the question may carry; 0 = none of it. A longer body is refused. */
  readonly bodyLimit: number;
  ask(body: Buffer): Omit<AuthQuestion, 'wheel'> | GrpcQuestion;
  proceed(grant: AuthGrant): void;
}

const NO_BODY = Buffer.alloc(0);

export class ExternalAuthGate implements AuthEvents {
  readonly #exchange: Exchange;
  readonly #plan: AuthPlan;
  #check: ExternalAuthCheck | GrpcAuthCheck | null = null;

  constructor(exchange: Exchange, plan: AuthPlan) {
    this.#exchange = exchange;
    this.#plan = plan;
  }

  /** Asks once the body is there, where the question carries it (HTTPExternalAuthFilter.forwardBody). */
  bodyChanged(body: RequestBody | null): void {
    const { bodyLimit } = this.#plan;
    if (this.#check !== null) return;
    if (bodyLimit === 0 || body === null) this.#ask(NO_BODY);
    else if (body.bytes > bodyLimit) this.#refuse();
    else if (body.ended) this.#ask(body.peek(bodyLimit));
  }

  #ask(body: Buffer): void {
    const { wheel } = this.#exchange.context;
    const question = this.#plan.ask(body);
    this.#check =
      question.kind === 'http'
        ? new ExternalAuthCheck({ ...question, wheel }, this)
        : new GrpcAuthCheck(question, wheel, (verdict) => {
            this.#onVerdict(verdict);
          });
    this.#check.ask();
  }

  #refuse(): void {
    this.#exchange.openGate();
    this.#exchange.answer('body_too_large');
  }

  #onVerdict(verdict: CheckVerdict | null): void {
    const exchange = this.#exchange;
    if (verdict === null) this.onAuthUnavailable();
    else if (verdict.kind === 'allow') this.#proceed(verdict);
    else {
      exchange.openGate();
      exchange.answer('auth_denied', deniedReply(verdict));
    }
  }

  #proceed(grant: AuthGrant): void {
    this.#exchange.openGate();
    this.#plan.proceed(grant);
  }

  cancel(): void {
    this.#check?.cancel();
  }

  onAllowed(fields: readonly HeaderField[]): void {
    this.#proceed({ request: { set: fields, add: [], remove: [] }, response: [] });
  }
  onDenied(head: ResponseHead, stream: UpstreamStream): void {
    const exchange = this.#exchange;
    // A gRPC client reads a status; the body of an HTTP error is nothing to it.
    if (exchange.isGrpc) exchange.answer('auth_denied', deniedCall(head));
    else exchange.passOn('auth_denied', head, stream);
  }
  onAuthUnavailable(): void {
    this.#exchange.openGate();
    this.#exchange.answer('auth_unavailable');
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.#exchange.onResponseData(buffer, from, to, owned);
  }
  onResponseFlush(): void {
    this.#exchange.onResponseFlush();
  }
  onResponseEnd(trailers: FieldList | null): void {
    this.#exchange.onResponseEnd(trailers);
  }
  onUpstreamReset(cause: ResetCause): void {
    this.#exchange.onUpstreamReset(cause);
  }
}
