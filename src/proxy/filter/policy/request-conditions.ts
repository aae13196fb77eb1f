/** Conditions of policies on requests, compiled. */
import type { RequestConditions } from '../../../ir/request-conditions.ts';
import { CidrSet } from '../../../lib/cidr-set.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import { HeaderConditions } from '../../router/entry.ts';
import type { MatchState } from '../../router/match-state.ts';
import { compileRegex } from '../../router/regex.ts';

export class CompiledConditions {
  readonly #addresses: CidrSet | null;
  readonly #methods: readonly string[] | null;
  readonly #headers: HeaderConditions | null;

  /** Throws for CIDRs and patterns that cannot be served. */
  constructor({ clientCidrs, methods, headers }: RequestConditions) {
    this.#addresses = clientCidrs === null ? null : cidrSetOf(clientCidrs);
    this.#methods = methods;
    this.#headers = headers.length === 0 ? null : new HeaderConditions(headers, compileRegex);
  }

  /** `state.refusal` is set where a pattern could not be tested: the request must then be refused. */
  meets({ clientAddress, method, head }: Exchange, state: MatchState): boolean {
    if (this.#methods !== null && !this.#methods.includes(method)) return false;
    if (this.#addresses !== null && !this.#addresses.has(clientAddress)) return false;
    return this.#headers === null || this.#headers.meets(head, state);
  }
}

/** Rules of one policy share their lists: each is compiled once. */
const compiled = new WeakMap<readonly string[], CidrSet>();

export function cidrSetOf(cidrs: readonly string[]): CidrSet {
  const known = compiled.get(cidrs) ?? new CidrSet(cidrs);
  compiled.set(cidrs, known);
  return known;
}
