/** AuthPolicy: requests are authenticated before they go on. */
import type { AuthSettings, AuthValue } from '../../../ir/auth.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer, FilterOutcome, HttpFilter, PendingFilter } from '../../exchange/http-filter.ts';
import type { RequestBody } from '../../exchange/request-body.ts';
import type { FilterDefinition, FilterDeps } from '../definition.ts';
import { ANONYMOUS, CompiledCheck } from './auth-check.ts';
import type { AuthOutcome, CompiledMethod, PendingCheck } from './auth-method.ts';
import { describeAuth, explainAuth } from './describe-auth.ts';
import { IdentityMaker } from './identity.ts';

const KIND = 'auth';

export const AUTH: FilterDefinition<AuthValue> = {
  kind: KIND,
  stages: { request: 'authentication' },
  precedence: 'both',
  actsFor: ({ settings: { checks } }) => checks.length > 0,
  compile: ({ settings }, deps) => ({ request: new Authentication(settings, deps) }),
  protection: {
    line: 'auth',
    explain: explainAuth,
    admitsAnonymous: ({ settings: { checks } }) =>
      checks.every(({ requirement, mode }) => requirement === 'optional' || mode === 'audit'),
  },
  describe: describeAuth,
};

class Authentication implements HttpFilter {
  readonly kind = KIND;
  readonly #checks: readonly CompiledCheck[];
  readonly #identities: IdentityMaker;

  constructor({ checks, identityFields }: AuthSettings, deps: FilterDeps) {
    this.#identities = new IdentityMaker(identityFields);
    const context = { deps, identities: this.#identities, cacheKey: identityFields.join(' ') };
    this.#checks = checks.map((check) => new CompiledCheck(check, context));
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    return this.continueWith(0, exchange, run);
  }

  /** Runs the checks from `index` on. */
  continueWith(index: number, exchange: Exchange, run: FilterRun): FilterOutcome {
    const check = this.#checks[index];
    if (check === undefined) {
      run.sharedEdits ??= this.#identities.anonymous;
      return 'continue';
    }
    const decision = check.decide(exchange);
    if (decision === ANONYMOUS) {
      const verdict = check.concludeAnonymous(exchange, run);
      return verdict === 'continue' ? this.continueWith(index + 1, exchange, run) : verdict;
    }
    const { method, outcome } = decision;
    return outcome.kind === 'pending-check'
      ? new AuthGate(this, outcome, { index, method, exchange, run })
      : this.conclude(outcome, { index, method, exchange, run });
  }

  /** The check of this index has decided. */
  conclude(outcome: AuthOutcome, { index, method, exchange, run }: Checking): FilterOutcome {
    const verdict = this.#checks[index]?.conclude(outcome, method, { exchange, run }) ?? 'continue';
    return verdict === 'continue' ? this.continueWith(index + 1, exchange, run) : verdict;
  }
}

interface Checking {
  readonly index: number;
  readonly method: CompiledMethod;
  readonly exchange: Exchange;
  readonly run: FilterRun;
}

/** Holds a request back while one of its credentials is checked. */
class AuthGate implements PendingFilter {
  readonly kind = 'pending';
  readonly #filter: Authentication;
  readonly #checking: Checking;
  #check: PendingCheck;
  #body: RequestBody | null = null;

  constructor(filter: Authentication, check: PendingCheck, checking: Checking) {
    this.#filter = filter;
    this.#check = check;
    this.#checking = checking;
  }

  start(body: RequestBody | null): void {
    this.#body = body;
    this.#wait(this.#check, this.#checking);
  }

  #wait(check: PendingCheck, checking: Checking): void {
    this.#check = check;
    check.start((outcome) => {
      this.#decided(this.#filter.conclude(outcome, checking));
    }, this.#body);
  }

  #decided(outcome: FilterOutcome): void {
    const { run } = this.#checking;
    if (outcome instanceof AuthGate) {
      // The next check waits as well: in the place of this one.
      this.#wait(outcome.#check, outcome.#checking);
    } else run.resume(this, outcome as 'continue' | FilterAnswer);
  }

  bodyChanged(body: RequestBody | null): void {
    this.#check.bodyChanged?.(body);
  }

  cancel(): void {
    this.#check.cancel?.();
  }
}
