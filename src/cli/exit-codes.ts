/** Exit codes of every command. */

export const CLEAN = 0;
/** The command did its work and found something. */
export const FINDINGS = 1;
/** Wrong flags or arguments, or nothing to work on. */
export const USAGE_ERROR = 2;
