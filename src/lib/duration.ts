const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
const WHOLE = /^(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}$/;
const PART = /([0-9]+)(ms|h|m|s)/g;

/** Milliseconds of a GEP-2257 duration such as `1h30m` or `250ms`; null when the text is not one. */
export function parseDurationMs(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let totalMs = 0;
  for (const [, digits = '0', unit = 'ms'] of text.matchAll(PART)) {
    totalMs += Number(digits) * (UNIT_MS[unit] ?? 0);
  }
  return totalMs;
}
