import type { ContentBody } from './filter.ts';

/** How a policy responds to a request that it refuses. */
export interface PolicyResponse {
  readonly status: number;
  /** null: the usual text of the reason. */
  readonly body: ContentBody | null;
}
