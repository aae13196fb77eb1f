/** One AccessPolicy, compiled: which of its rules a request matches, and how it refuses. */
import type { AccessPolicyIr, AccessRule, PrincipalCondition } from '../../../ir/access.ts';
import { claimName, hasClaim, type ClaimName } from '../../exchange/claims.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer } from '../../exchange/http-filter.ts';
import { AUTH_CHALLENGE, PRINCIPAL, type Principal } from '../../exchange/principal.ts';
import { MatchState } from '../../router/match-state.ts';
import type { FilterDeps } from '../definition.ts';
import { policyReply } from '../policy/policy-reply.ts';
import { Refusal } from '../policy/refusal.ts';
import { CompiledConditions } from '../policy/request-conditions.ts';

/** Of the policy at work: filters run to their end, one after the other. */
const state = new MatchState();

export class CompiledAccessPolicy {
  readonly #config: AccessPolicyIr;
  readonly #rules: readonly CompiledAccessRule[];
  /** Of a Deny by rule; of an Allow for requests that match no rule. */
  readonly #refusals: readonly Refusal[];
  readonly #asksForCredentials: boolean;

  constructor(config: AccessPolicyIr, { refusalCounterOf }: Pick<FilterDeps, 'refusalCounterOf'>) {
    const { action, policy, mode, rules, response } = config;
    const reply = policyReply('access_denied', response);
    const refusalOf = (rule: string): Refusal =>
      new Refusal(refusalCounterOf({ policy, rule, reason: 'access_denied', mode }), reply);
    this.#config = config;
    this.#rules = rules.map((rule) => new CompiledAccessRule(rule));
    this.#refusals = action === 'deny' ? rules.map(({ name }) => refusalOf(name)) : [refusalOf('')];
    this.#asksForCredentials =
      action === 'allow' &&
      response === null &&
      rules.some(({ principal }) => principal?.authenticated === true);
  }

  refuse(exchange: Exchange, run: FilterRun): 'continue' | FilterAnswer {
    const principal = run.kept(PRINCIPAL);
    state.start('');
    const at = this.#rules.findIndex((rule) => rule.matches(exchange, principal, state));
    const { action, mode } = this.#config;
    // A pattern that was not tested might have matched.
    if (state.refusal !== null && mode === 'enforce') return { kind: 'answer', reason: state.refusal };
    const refusal = action === 'deny' ? this.#refusals[at] : at === -1 ? this.#refusals[0] : undefined;
    if (refusal === undefined) return 'continue';
    if (principal === null && this.#asksForCredentials && mode === 'enforce') {
      const challenged = run.kept(AUTH_CHALLENGE)?.apply(run) ?? 'continue';
      if (challenged !== 'continue') return challenged;
    }
    return refusal.apply(run);
  }
}

class CompiledAccessRule {
  readonly #conditions: CompiledConditions;
  readonly #principal: CompiledPrincipal | null;

  constructor(rule: AccessRule) {
    this.#conditions = new CompiledConditions(rule);
    this.#principal = rule.principal === null ? null : new CompiledPrincipal(rule.principal);
  }

  matches(exchange: Exchange, principal: Principal | null, state: MatchState): boolean {
    if (this.#principal !== null && !this.#principal.accepts(principal)) return false;
    return this.#conditions.meets(exchange, state);
  }
}

class CompiledPrincipal {
  readonly #authenticated: boolean;
  readonly #users: ReadonlySet<string> | null;
  readonly #claims: readonly { readonly claim: ClaimName; readonly values: ReadonlySet<string> }[];

  constructor({ authenticated, users, claims }: PrincipalCondition) {
    this.#authenticated = authenticated;
    this.#users = users === null ? null : new Set(users);
    this.#claims = claims.map(({ name, values }) => ({ claim: claimName(name), values: new Set(values) }));
  }

  accepts(principal: Principal | null): boolean {
    if (principal === null || !this.#authenticated) return (principal !== null) === this.#authenticated;
    return this.#isOneOfUsers(principal) && this.#hasClaims(principal);
  }

  #isOneOfUsers({ user, client }: Principal): boolean {
    const users = this.#users;
    return users === null || (user !== '' && users.has(user)) || (client !== '' && users.has(client));
  }

  #hasClaims({ claims }: Principal): boolean {
    for (const { claim, values } of this.#claims) if (!hasClaim(claims, claim, values)) return false;
    return true;
  }
}
