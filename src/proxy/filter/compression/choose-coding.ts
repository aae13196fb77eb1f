/** Which content coding a client gets (RFC 9110 section 12.5.3). */
import type { Coding } from '../../../ir/compression.ts';
import { parseWeighted } from '../../message/media-range.ts';

/** `x-gzip` is another name of gzip (RFC 9110 section 8.4.1.3). */
const nameOf = (value: string): string => (value === 'x-gzip' ? 'gzip' : value);

/**
 * The coding of the highest weight; of equal weights the first of `offered`. null: as it is. That is only so if the client names none of
 * `offered`, or gives `identity` a strictly higher weight. `acceptEncoding`: undefined where the client has sent none, and may not know any
 * coding.
 */
export function chooseCoding(acceptEncoding: string | undefined, offered: readonly Coding[]): Coding | null {
  if (acceptEncoding === undefined) return null;
  const weights = new Map(parseWeighted(acceptEncoding).map(({ value, weight }) => [nameOf(value), weight]));
  const weightOf = (coding: string): number => weights.get(coding) ?? weights.get('*') ?? 0;
  let best: Coding | null = null;
  for (const coding of offered) {
    if (weightOf(coding) > (best === null ? 0 : weightOf(best))) best = coding;
  }
  return best !== null && (weights.get('identity') ?? 0) > weightOf(best) ? null : best;
}
