import type { Severity } from '../../gatewayapi/finding.ts';

/** A code of findings, for people. */
export interface FaultMeaning {
  /** Which severities findings of this code have. */
  readonly severities: readonly Severity[];
  readonly text: string;
  /** What to do. Markdown, as the text. */
  readonly advice: string;
}
