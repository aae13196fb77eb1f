/** A quoted text, an escape, a character class with its nested ones, or the beginning of a group. */
const TOKEN = /\\Q[^]*?(?:\\E|$)|\\[^]|\[\^?\]?(?:\[:\^?\w+:\]|\\[^]|[^\]\\])*\]|\((?:\?(?:P?<|[^]))?/g;

/** `(`, `(?<` or `(?P<`. */
const CAPTURING = /^\((?:\?P?<)?$/;

/** The number of capturing groups in a pattern that is valid in RE2 syntax. */
export const countGroups = (pattern: string): number =>
  [...pattern.matchAll(TOKEN)].filter(([token]) => CAPTURING.test(token)).length;
