/** What is known of the health of one endpoint. The parts may be shared with the same endpoint of other clusters. */
import type { OutcomeSink } from './outcome.ts';
import type { Outlier } from './outlier.ts';

export class EndpointHealth implements OutcomeSink {
  readonly outlier: Outlier | null;

  constructor(outlier: Outlier | null) {
    this.outlier = outlier;
  }

  answered(status: number): void {
    this.outlier?.answered(status);
  }

  failed(): void {
    this.outlier?.failed();
  }

  /** Requests have shown it to be bad. */
  get isEjected(): boolean {
    return this.outlier !== null && this.outlier.cause !== null;
  }

  /** Nothing is known against it. */
  get isGood(): boolean {
    return !this.isEjected;
  }
}

/** Of an endpoint that nobody watches. */
export const UNWATCHED = new EndpointHealth(null);
