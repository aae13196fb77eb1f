/** The health of one endpoint. Its parts may be shared with the same endpoint of other clusters. */
import type { EndpointCheck } from './endpoint-check.ts';
import type { OutcomeSink } from './outcome.ts';
import type { Outlier } from './outlier.ts';

export class EndpointHealth implements OutcomeSink {
  /** null without active checks. */
  readonly check: EndpointCheck | null;
  /** null without passive checks. */
  readonly outlier: Outlier | null;

  constructor(check: EndpointCheck | null, outlier: Outlier | null) {
    this.check = check;
    this.outlier = outlier;
  }

  answered(status: number): void {
    this.outlier?.answered(status);
  }

  failed(): void {
    this.outlier?.failed();
  }

  /** It must pass a check before it is used. */
  get isPending(): boolean {
    return this.check?.verdict === 'pending';
  }

  /** Its checks fail. */
  get isFailing(): boolean {
    return this.check?.verdict === 'failing';
  }

  /** It is ejected. */
  get isEjected(): boolean {
    return this.outlier !== null && this.outlier.cause !== null;
  }

  /** It is healthy. */
  get isGood(): boolean {
    return !this.isEjected && (this.check === null || this.check.verdict === 'passing');
  }
}

/** Of an endpoint without health checks. */
export const UNWATCHED = new EndpointHealth(null, null);
