/** Session persistence of a rule (GEP-1619). */
import type { RouteMatch } from '../../ir/match.ts';
import type { SessionPersistence } from '../../ir/policy.ts';
import { isCookiePath } from '../../lib/message-grammar.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { RouteNode, RuleNode, Upstream } from '../graph/nodes.ts';
import type { SessionNode } from '../graph/session.ts';

/** Session persistence that policies set for a backend; null: none. */
export type SessionOf = (upstream: Upstream) => SessionNode | null;

/**
 * The rule's own settings, else those of the first backend with settings from a policy (GEP-1619: a rule overrides
 * policies; with several backends persistence applies to all of them equally).
 */
export function lowerSession(
  route: RouteNode,
  rule: RuleNode,
  { matches, sessionOf }: { readonly matches: readonly RouteMatch[]; readonly sessionOf: SessionOf },
): SessionPersistence | null {
  const own = rule.session;
  if (own !== null) {
    const name = own.name || `sluice-${ruleIdentity(route, rule)}`;
    return { ...own, name, cookiePath: commonPath(matches) };
  }
  for (const { upstream } of rule.backends) {
    const session = upstream.ok ? sessionOf(upstream.value) : null;
    // Rules must not share sessions, even if the policy sets the session name. The cookie has no path, because other routes may
    // use the same backend (GEP-1619, "Route Rules ... Must Not Share Sessions", "Path").
    if (session !== null) {
      const name = `${session.name || 'sluice'}-${ruleIdentity(route, rule)}`;
      return { ...session, name, cookiePath: '' };
    }
  }
  return null;
}

/** Short, and stable while the rule keeps its name, or its index if it has no name. */
function ruleIdentity(route: RouteNode, rule: RuleNode): string {
  const { kind, namespace, name } = route.ref;
  return sha256Hex([kind, namespace, name, rule.name ?? rule.index].join('/')).slice(0, 8);
}

/** The longest common path of all matches, in whole segments, limited to what a cookie's Path can hold. */
function commonPath(matches: readonly RouteMatch[]): string {
  let common: readonly string[] | null = null;
  for (const { path } of matches) {
    const literal = path.kind === 'regex' ? literalPrefix(path.pattern) : path.value;
    const segments = literal.split('/').filter((segment) => segment !== '');
    if (common === null) {
      common = segments;
    } else {
      const differs = common.findIndex((segment, index) => segment !== segments[index]);
      if (differs !== -1) common = common.slice(0, differs);
    }
  }
  const segments = common ?? [];
  const unsafe = segments.findIndex((segment) => !isCookiePath(segment));
  return `/${segments.slice(0, unsafe === -1 ? undefined : unsafe).join('/')}`;
}

/** Whole segments before the first special character of an anchored pattern; others may match anywhere. */
function literalPrefix(pattern: string): string {
  if (!pattern.startsWith('^/')) return '/';
  const literal = /^\^([A-Za-z0-9/_~-]*)/.exec(pattern)?.[1] ?? '/';
  const wholePattern = literal.length + 1 === pattern.length;
  return wholePattern ? literal : literal.slice(0, literal.lastIndexOf('/') + 1);
}
