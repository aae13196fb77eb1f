/** Who sends a request, as authentication has verified it. Authentication keeps it; access policies, limits and the log read it. */
import type { Claims } from './claims.ts';
import type { FilterRun } from './filter-run.ts';
import type { ExchangeKey, FilterAnswer } from './http-filter.ts';

export type AuthenticationMethod = 'jwt' | 'basic' | 'api-key' | 'client-certificate' | 'external' | 'oidc';

export interface Principal {
  /** What verified it. */
  readonly method: AuthenticationMethod;
  /** Subject of a token, name of Basic credentials, identity of a client certificate; `` for none. */
  readonly user: string;
  /** The client that an API key belongs to; `` for none. */
  readonly client: string;
  /** Verified claims; empty for methods without claims. */
  readonly claims: Claims;
}

/** null: the request is not authenticated. */
export const PRINCIPAL: ExchangeKey<Principal | null> = { absent: null };

/** How authentication asks for credentials: with challenges (401), or a redirect to sign in. */
export interface Challenge {
  apply(run: FilterRun): 'continue' | FilterAnswer;
}

/**
 * Kept by authentication that lets requests without credentials through, so that an access policy which only a principal could satisfy
 * asks for one.
 */
export const AUTH_CHALLENGE: ExchangeKey<Challenge | null> = { absent: null };

/** For the log: the user, else the client of an API key; `` for neither. */
export const principalName = ({ user, client }: Principal): string => (user === '' ? client : user);
