/**
 * What a method of authentication is to the filter. One file of this folder implements one method, and methods.ts lists them. A method
 * that has to wait returns a `PendingCheck`; one that asks clients for credentials in its own way (a redirect to sign in) says so in
 * `ask`.
 */
import type { HeaderEdit } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer } from '../../exchange/http-filter.ts';
import type { Principal } from '../../exchange/principal.ts';
import type { RequestBody } from '../../exchange/request-body.ts';
import type { SharedEdits } from '../../exchange/shared-edits.ts';
import type { FoundCredential } from './credential-reader.ts';

/** Why a method does not let a request pass. */
export type AuthRefusalReason = 'auth_invalid' | 'auth_denied' | 'auth_throttled' | 'jwks_unavailable';

/** The request is authenticated. Shared by all requests with the same credential. */
export interface Identity {
  readonly kind: 'identity';
  readonly principal: Principal;
  /** What backends receive: identity fields are set, the credential may be removed. */
  readonly edits: IdentityEdits;
  /** Removes the credential, where no header edit can; null: it stays, or an edit removes it. */
  readonly strip: ((exchange: Exchange, run: FilterRun) => void) | null;
}

export interface AuthFailure {
  readonly kind: 'failure';
  readonly reason: AuthRefusalReason;
  /** Replaces the method's challenge; absent: its usual one. */
  readonly challenge?: string;
  /** Seconds; absent: not known. */
  readonly retryAfter?: number;
}

export type AuthOutcome = Identity | AuthFailure;

/** A check that takes time. */
export interface PendingCheck {
  readonly kind: 'pending-check';
  /** Calls `done` once, unless it is cancelled before. */
  start(done: (outcome: AuthOutcome) => void, body: RequestBody | null): void;
  /** More of the request's body has arrived; absent: it does not matter. */
  bodyChanged?(body: RequestBody | null): void;
  /** The result is not needed; absent: nothing has to be stopped. */
  cancel?(): void;
}

export interface CompiledMethod {
  /** Value of a WWW-Authenticate field that asks for its credentials; null: there is no such challenge. */
  readonly challenge: string | null;
  /** The credential that the request carries; null: it carries none for this method. */
  find(exchange: Exchange): FoundCredential | null;
  /** False if another method of the policy that accepts the same credential is to decide, if there is one. Absent: always true. */
  accepts?(credential: FoundCredential): boolean;
  check(credential: FoundCredential, exchange: Exchange): AuthOutcome | PendingCheck;
  /** How the client is asked for credentials, in place of 401 with challenges; null or absent: with those. */
  ask?(exchange: Exchange): FilterAnswer | null;
}

/** Header edits of an identity, with and without the removal of the client's own identity fields. */
export interface IdentityEdits {
  readonly own: readonly HeaderEdit[];
  readonly all: SharedEdits;
}

/** Waits for a promise that never rejects. */
export function pendingCheck(outcome: Promise<AuthOutcome>): PendingCheck {
  let isCancelled = false;
  return {
    kind: 'pending-check',
    start(done) {
      void outcome.then((value) => {
        if (!isCancelled) done(value);
      });
    },
    cancel() {
      isCancelled = true;
    },
  };
}
