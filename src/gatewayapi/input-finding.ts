/** What reading resources has to say about them, with the place in the text they came from. */
import type { Finding } from './finding.ts';
import type { ObjectRef } from './ref.ts';

/** A place in an input file; `line` and `column` count from 1. `file` is the path as the user gave it, `-` for standard input. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A finding that may be about text that is no object yet, and that knows where it stands. */
export interface InputFinding extends Omit<Finding, 'object'> {
  /** null when the text does not say which object it is. */
  readonly object: ObjectRef | null;
  readonly location: SourceLocation | null;
}
