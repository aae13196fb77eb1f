import { compareText } from './compare.ts';

/**
 * Gateway API hostnames: an exact name, a wildcard `*.suffix` that matches one or more labels, or `` for any name
 * (HTTPRouteSpec.hostnames and Listener.hostname). All functions expect lower case, which the API's pattern demands.
 */

/** Whether `name` (exact) is covered by `pattern`. `*.example.com` covers `a.b.example.com` but not `example.com`. */
export function hostnameCovers(pattern: string, name: string): boolean {
  if (pattern === '') return true;
  if (pattern.startsWith('*.')) {
    return name.length > pattern.length - 1 && name.endsWith(pattern.slice(1));
  }
  return pattern === name;
}

/** The names that both patterns cover, as a pattern: the more specific of the two; null when there are none. */
export function intersectHostnames(a: string, b: string): string | null {
  if (a === '' || a === b) return b;
  if (b === '') return a;
  const aWild = a.startsWith('*.');
  const bWild = b.startsWith('*.');
  if (aWild && bWild) {
    if (a.endsWith(b.slice(1))) return a;
    return b.endsWith(a.slice(1)) ? b : null;
  }
  if (aWild) return hostnameCovers(a, b) ? b : null;
  if (bWild) return hostnameCovers(b, a) ? a : null;
  return null;
}

/**
 * The patterns that cover everything `hostname` covers, itself excluded: its wildcard ancestors from the nearest
 * outwards, then ``. Used to look up coverage in a set instead of comparing every pair.
 */
export function* coveringPatterns(hostname: string): Generator<string> {
  if (hostname === '') return;
  let rest = hostname.startsWith('*.') ? hostname.slice(2) : hostname;
  for (let dot = rest.indexOf('.'); dot !== -1; dot = rest.indexOf('.')) {
    rest = rest.slice(dot + 1);
    yield `*.${rest}`;
  }
  yield '';
}

/**
 * Set of patterns that answers "does anything in here overlap this one?" in time proportional to the labels of the
 * name, not to the size of the set.
 */
export class HostnameSet {
  readonly #patterns = new Set<string>();
  /** Suffixes that at least one member lies under. */
  readonly #suffixes = new Set<string>();

  get size(): number {
    return this.#patterns.size;
  }

  has(pattern: string): boolean {
    return this.#patterns.has(pattern);
  }

  add(pattern: string): void {
    if (this.#patterns.has(pattern)) return;
    this.#patterns.add(pattern);
    for (const covering of coveringPatterns(pattern)) this.#suffixes.add(covering);
  }

  /** Whether a member shares at least one name with `pattern`. */
  overlaps(pattern: string): boolean {
    if (this.#patterns.has(pattern) || this.#suffixes.has(pattern)) return true;
    for (const covering of coveringPatterns(pattern)) {
      if (this.#patterns.has(covering)) return true;
    }
    return false;
  }
}

/**
 * Order of precedence of hostnames (HTTPRouteSpec.hostnames, Listener.hostname): exact before wildcard before any; the
 * longer one first; then by text, so that the order is total.
 */
export function hostnameSpecificity(a: string, b: string): number {
  return rank(b) - rank(a) || b.length - a.length || compareText(a, b);
}

function rank(hostname: string): number {
  if (hostname === '') return 0;
  return hostname.startsWith('*.') ? 1 : 2;
}
