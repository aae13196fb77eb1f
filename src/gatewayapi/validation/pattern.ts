/** Patterns are RE2 syntax, as in Kubernetes, and run in linear time. Compiled when first met, and kept. */
import { RE2JS } from 're2js';

const compiled = new Map<string, RE2JS>();

/** Whether `text` holds a match of `pattern` anywhere. Throws when the pattern is not RE2 syntax. */
export function matchesPattern(pattern: string, text: string): boolean {
  let regex = compiled.get(pattern);
  if (regex === undefined) {
    regex = RE2JS.compile(pattern);
    compiled.set(pattern, regex);
  }
  return regex.matcher(text).find();
}
