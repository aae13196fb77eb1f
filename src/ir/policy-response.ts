/** How a policy responds to a request that it refuses. */
export interface PolicyResponse {
  readonly status: number;
  /** null: the usual text of the reason. */
  readonly body: { readonly text: string; readonly contentType: string } | null;
}
