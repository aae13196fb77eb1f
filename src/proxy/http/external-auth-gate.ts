/** Holds an exchange back until its auth server has answered, and makes of the verdict what it means for the exchange. */
import type { HeaderField } from '../../ir/filter.ts';
import type { Exchange } from './exchange.ts';
import { ExternalAuthCheck, type AuthEvents, type AuthQuestion } from './external-auth-check.ts';
import type { FieldList, ResponseHead } from './head.ts';
import type { RequestBody } from './request-body.ts';
import type { ResetCause, UpstreamStream } from './stream.ts';

export interface AuthPlan {
  /** Bytes of the request's body that the question carries, if there are as many. */
  readonly bodyLimit: number;
  ask(body: Buffer): Omit<AuthQuestion, 'wheel'>;
  /** The request may go on, with these fields in place of the client's. */
  proceed(fields: readonly HeaderField[]): void;
}

const NO_BODY = Buffer.alloc(0);

export class ExternalAuthGate implements AuthEvents {
  readonly #exchange: Exchange;
  readonly #plan: AuthPlan;
  #check: ExternalAuthCheck | null = null;

  constructor(exchange: Exchange, plan: AuthPlan) {
    this.#exchange = exchange;
    this.#plan = plan;
  }

  /** Asks once there is enough of the body. */
  bodyChanged(body: RequestBody | null): void {
    const { bodyLimit } = this.#plan;
    if (this.#check !== null) return;
    if (body !== null && bodyLimit > 0 && !body.ended && body.bytes < bodyLimit) return;
    const question = this.#plan.ask(bodyLimit === 0 ? NO_BODY : (body?.peek(bodyLimit) ?? NO_BODY));
    this.#check = new ExternalAuthCheck({ ...question, wheel: this.#exchange.context.wheel }, this);
    this.#check.ask();
  }

  cancel(): void {
    this.#check?.cancel();
  }

  onAllowed(fields: readonly HeaderField[]): void {
    this.#exchange.openGate();
    this.#plan.proceed(fields);
  }
  onDenied(head: ResponseHead, stream: UpstreamStream): void {
    this.#exchange.passOn('auth_denied', head, stream);
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
