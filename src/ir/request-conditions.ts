/** Conditions of policies on requests. All that are present must hold. */
import type { HeaderMatch } from './match.ts';

export interface RequestConditions {
  /** The client's address is in one of these CIDRs; null: any address. */
  readonly clientCidrs: readonly string[] | null;
  /** null: any method. */
  readonly methods: readonly string[] | null;
  readonly headers: readonly HeaderMatch[];
}
