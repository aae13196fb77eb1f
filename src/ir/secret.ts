import type { SecretId } from './ids.ts';
import type { Redacted } from './redacted.ts';

/** Text of a Secret that policies use, one character a byte. What it means is theirs to say. */
export interface PolicySecret {
  readonly id: SecretId;
  readonly text: Redacted;
}
