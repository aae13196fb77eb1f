/** Method names without making a string for each request: the usual ones are told by length and first byte, then compared. */
import { latin1 } from '../net/latin1.ts';

const COMMON = ['GET', 'PUT', 'HEAD', 'POST', 'PATCH', 'TRACE', 'DELETE', 'OPTIONS', 'CONNECT'] as const;
const MAX_LENGTH = 7;

/** At `length * 256 + first byte`: the common method that looks like this. */
const candidates: (string | undefined)[] = new Array<string | undefined>((MAX_LENGTH + 1) * 256).fill(
  undefined,
);
for (const method of COMMON) candidates[method.length * 256 + method.charCodeAt(0)] = method;

/** The method in `buffer[from, to)`. Methods are case-sensitive (RFC 9110 section 9.1). */
export function methodName(buffer: Buffer, from: number, to: number): string {
  const length = to - from;
  const candidate = length <= MAX_LENGTH ? candidates[length * 256 + (buffer[from] as number)] : undefined;
  if (candidate === undefined) return latin1(buffer, from, to);
  for (let index = 1; index < length; index++) {
    if (buffer[from + index] !== candidate.charCodeAt(index)) return latin1(buffer, from, to);
  }
  return candidate;
}
