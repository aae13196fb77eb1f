/** A program of the comparison, wherever it was found. */
export interface Tool {
  readonly path: string;
  /** The folder it was unpacked to; not there when it came from PATH. */
  readonly root?: string;
  /** What it needs in its environment (its own libraries, when it was unpacked and not installed). */
  readonly env: Readonly<Record<string, string>>;
}
