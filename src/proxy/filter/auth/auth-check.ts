/** What one AuthPolicy makes of a request: which of its methods decides, and what becomes of the decision. */
import type { AuthCheck } from '../../../ir/auth.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import type { ReasonCode } from '../../../ir/reason.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer } from '../../exchange/http-filter.ts';
import { AUTH_CHALLENGE, PRINCIPAL } from '../../exchange/principal.ts';
import { policyReply } from '../policy/policy-reply.ts';
import { Refusal } from '../policy/refusal.ts';
import type {
  AuthFailure,
  AuthOutcome,
  AuthRefusalReason,
  CompiledMethod,
  Identity,
  PendingCheck,
} from './auth-method.ts';
import type { FoundCredential } from './credential-reader.ts';
import { compileMethod, type MethodContext } from './methods.ts';

const REASONS: readonly AuthRefusalReason[] = [
  'auth_invalid',
  'auth_denied',
  'auth_throttled',
  'jwks_unavailable',
];

/** The request carries no credentials. */
export const ANONYMOUS = 'anonymous';

/** A decision, and the method that it is from. */
export interface Decision {
  readonly method: CompiledMethod;
  readonly outcome: AuthOutcome | PendingCheck;
}

interface Found {
  readonly method: CompiledMethod;
  readonly credential: FoundCredential;
}

export class CompiledCheck {
  readonly #isRequired: boolean;
  readonly #methods: readonly CompiledMethod[];
  readonly #required: Refusal;
  readonly #refusals: ReadonlyMap<AuthRefusalReason, Refusal>;
  readonly #challenges: readonly HeaderField[];

  constructor({ policy, mode, requirement, methods }: AuthCheck, context: MethodContext) {
    this.#isRequired = requirement === 'required';
    this.#methods = methods.map((method, index) =>
      compileMethod(method, {
        ...context,
        cacheKey: `${context.cacheKey} ${JSON.stringify(methods[index])}`,
      }),
    );
    this.#challenges = this.#challengeFields(null, undefined);
    const refusal = (reason: ReasonCode, fields: readonly HeaderField[]): Refusal =>
      new Refusal(
        context.deps.refusalCounterOf({ policy, rule: '', reason, mode }),
        policyReply(reason, null, fields),
      );
    this.#required = refusal('auth_required', this.#challenges);
    this.#refusals = new Map(
      REASONS.map((reason) => [reason, refusal(reason, reason === 'auth_invalid' ? this.#challenges : [])]),
    );
  }

  /** The first method whose credential the request carries decides. */
  decide(exchange: Exchange): Decision | typeof ANONYMOUS {
    const methods = this.#methods;
    const [only] = methods;
    if (methods.length === 1 && only !== undefined) {
      const credential = only.find(exchange);
      return credential === null ? ANONYMOUS : { method: only, outcome: only.check(credential, exchange) };
    }
    const found = this.#find(exchange);
    if (found === null) return ANONYMOUS;
    return { method: found.method, outcome: found.method.check(found.credential, exchange) };
  }

  #find(exchange: Exchange): Found | null {
    let first: Found | null = null;
    for (const method of this.#methods) {
      const credential = method.find(exchange);
      if (credential === null) continue;
      if (first === null) {
        if (method.accepts?.(credential) ?? true) return { method, credential };
        first = { method, credential };
      } else if (isSame(credential, first.credential) && method.accepts?.(credential) === true) {
        return { method, credential };
      }
    }
    return first;
  }

  /** No credentials: continues, or asks for them. */
  concludeAnonymous(exchange: Exchange, run: FilterRun): 'continue' | FilterAnswer {
    const answer = this.#ask(exchange);
    const required = this.#required;
    const challenge = answer === null ? required : { apply: () => required.apply(run, answer) };
    if (this.#isRequired) return challenge.apply(run);
    if (run.kept(AUTH_CHALLENGE) === null) run.keep(AUTH_CHALLENGE, challenge);
    return 'continue';
  }

  /** How a method asks for credentials in its own way; null: none of them does. */
  #ask(exchange: Exchange): FilterAnswer | null {
    for (const method of this.#methods) {
      const answer = method.ask?.(exchange) ?? null;
      if (answer !== null) return answer;
    }
    return null;
  }

  conclude(
    outcome: AuthOutcome,
    method: CompiledMethod,
    { exchange, run }: { readonly exchange: Exchange; readonly run: FilterRun },
  ): 'continue' | FilterAnswer {
    if (outcome.kind === 'identity') {
      identify(outcome, exchange, run);
      return 'continue';
    }
    const refusal = this.#refusals.get(outcome.reason) ?? this.#required;
    const { challenge, retryAfter } = outcome;
    if (challenge === undefined && retryAfter === undefined) return refusal.apply(run);
    return refusal.apply(run, this.#answerFor(outcome, method));
  }

  #answerFor({ reason, challenge, retryAfter }: AuthFailure, method: CompiledMethod): FilterAnswer {
    const challenges = challenge === undefined ? [] : this.#challengeFields(method, challenge);
    const wait = retryAfter === undefined ? [] : [{ name: 'retry-after', value: String(retryAfter) }];
    return { kind: 'answer', reason, reply: policyReply(reason, null, [...challenges, ...wait]) };
  }

  /** `challenge` replaces that of `decider`. */
  #challengeFields(decider: CompiledMethod | null, challenge: string | undefined): readonly HeaderField[] {
    const values = this.#methods.flatMap((method) => {
      const value = method === decider && challenge !== undefined ? challenge : method.challenge;
      return value === null ? [] : [value];
    });
    return [...new Set(values)].map((value) => ({ name: 'www-authenticate', value }));
  }
}

/** Another credential must not make up for one that is bad: backends may receive both. */
const isSame = (one: FoundCredential, other: FoundCredential): boolean => one.value === other.value;

/** Of several policies, the identity of the closest counts; backends receive the fields of all. */
function identify({ principal, edits, strip }: Identity, exchange: Exchange, run: FilterRun): void {
  run.keep(PRINCIPAL, principal);
  if (run.sharedEdits === null) run.sharedEdits = edits.all;
  else run.requestEdits = [...run.requestEdits, ...edits.own];
  strip?.(exchange, run);
}
