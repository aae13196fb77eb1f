/** Holds one exchange back until its auth server has responded, and applies the verdict to the exchange. */
import type { HeaderEdit, HeaderField } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer, PendingFilter } from '../../exchange/http-filter.ts';
import type { RequestBody } from '../../exchange/request-body.ts';
import { isEditable } from '../../message/head-edits.ts';
import { LocalHead, type FieldList, type ResponseHead } from '../../message/head.ts';
import type { ResetCause, UpstreamStream } from '../../message/stream.ts';
import { ExternalAuthCheck, type AuthEvents, type HttpQuestion } from './external-auth-check.ts';
import { GrpcAuthCheck, type GrpcQuestion } from './grpc/check-call.ts';
import type { CheckVerdict } from './grpc/check-response.ts';
import { deniedCall, deniedReply } from './grpc/denied-reply.ts';

/** What an auth server that lets a request through wants changed. */
interface AuthGrant {
  readonly request: HeaderEdit;
  /** To be added to the backend's response. */
  readonly response: readonly HeaderField[];
}

export type AuthQuestion = HttpQuestion | GrpcQuestion;

export interface AuthPlan {
  /** Bytes of the request's body that the question may carry; 0 = none of it. A longer body is refused. */
  readonly bodyLimit: number;
  ask(body: Buffer): AuthQuestion;
}

const NO_BODY = Buffer.alloc(0);

export class ExternalAuthGate implements PendingFilter, AuthEvents {
  readonly kind = 'pending';
  readonly #exchange: Exchange;
  readonly #run: FilterRun;
  readonly #plan: AuthPlan;
  #check: ExternalAuthCheck | GrpcAuthCheck | null = null;

  constructor(exchange: Exchange, run: FilterRun, plan: AuthPlan) {
    this.#exchange = exchange;
    this.#run = run;
    this.#plan = plan;
  }

  start(body: RequestBody | null): void {
    const exchange = this.#exchange;
    this.bodyChanged(body);
    if (this.#plan.bodyLimit === 0 || !exchange.head.expectsContinue) return;
    exchange.hasSentContinue = true;
    exchange.stream.sendInformational(new LocalHead(100, [], []));
  }

  /** Asks once the body is there, where the question carries it (HTTPExternalAuthFilter.forwardBody). */
  bodyChanged(body: RequestBody | null): void {
    const { bodyLimit } = this.#plan;
    if (this.#check !== null) return;
    if (bodyLimit === 0 || body === null) this.#ask(NO_BODY);
    else if (body.bytes > bodyLimit) this.#resume({ kind: 'answer', reason: 'body_too_large' });
    else if (body.ended) this.#ask(body.peek(bodyLimit));
  }

  #ask(body: Buffer): void {
    const { wheel } = this.#exchange.context;
    const question = this.#plan.ask(body);
    this.#check =
      question.kind === 'http'
        ? new ExternalAuthCheck(question, wheel, this)
        : new GrpcAuthCheck(question, wheel, (verdict) => {
            this.#onVerdict(verdict);
          });
    this.#check.ask();
  }

  #onVerdict(verdict: CheckVerdict | null): void {
    if (verdict === null) this.onAuthUnavailable();
    else if (verdict.kind === 'allow') this.#allow(verdict);
    else this.#resume({ kind: 'answer', reason: 'auth_denied', reply: deniedReply(verdict) });
  }

  #allow({ request, response }: AuthGrant): void {
    const run = this.#run;
    run.requestEdits = [...run.requestEdits, request];
    const added = response.filter(isEditable);
    if (added.length > 0) run.addedFields = [...(run.addedFields ?? []), ...added];
    this.#resume('continue');
  }

  #resume(outcome: 'continue' | FilterAnswer): void {
    this.#run.resume(this, outcome);
  }

  cancel(): void {
    this.#check?.cancel();
  }

  onAllowed(fields: readonly HeaderField[]): void {
    this.#allow({ request: { set: fields, add: [], remove: [] }, response: [] });
  }
  onDenied(head: ResponseHead, stream: UpstreamStream): void {
    // A gRPC client reads a status; the body of an HTTP error means nothing to it.
    if (this.#exchange.isGrpc) {
      const reply = deniedCall(head);
      this.cancel();
      this.#resume({ kind: 'answer', reason: 'auth_denied', reply });
    } else this.#run.respondWith(this, { kind: 'answer', reason: 'auth_denied', head, stream });
  }
  onAuthUnavailable(): void {
    this.#resume({ kind: 'answer', reason: 'auth_unavailable' });
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
