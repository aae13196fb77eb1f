/** Codes that findings can have, for options that take codes. */
import { COMMAND_FINDINGS } from '../../admin/findings/command-findings.ts';
import { INPUT_FINDINGS } from '../../gatewayapi/input-finding.ts';
import { suggest } from '../../lib/suggest.ts';
import { FAULT_CODES } from '../../translator/faults/fault-codes.ts';

const CODES: ReadonlySet<string> = new Set([
  ...Object.keys(INPUT_FINDINGS),
  ...Object.keys(COMMAND_FINDINGS),
  ...Object.keys(FAULT_CODES),
]);
/** Words that are too common to distinguish codes. */
const MIN_WORD = 4;

/** The problem of a code from the user, with suggestions; null if findings can have it. */
export function unknownCode(code: string): string | null {
  if (CODES.has(code)) return null;
  const similar = similarCodes(code);
  const hint =
    similar.length === 0
      ? 'docs/reference/findings.md lists the codes'
      : `did you mean ${similar.join(', ')}?`;
  return `no finding has the code ${JSON.stringify(code)}: ${hint}`;
}

/** The nearest one, then those that share a word with it; at most five. */
function similarCodes(code: string): readonly string[] {
  const nearest = suggest(code, CODES);
  const words = code
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length >= MIN_WORD);
  const sharing = [...CODES].filter((known) => known.split('-').some((word) => words.includes(word)));
  return [...new Set([...(nearest === null ? [] : [nearest]), ...sharing])].slice(0, 5);
}
