/**
 * A metav1.Condition as the translator computes it. The status writer adds `lastTransitionTime`: it
 * depends on what was written before, and the translator knows no clock.
 */
export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration: number;
}
