/** Path changes of redirects and rewrites (HTTPPathModifier). */
import type { PathRewrite } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import { matchPath } from '../router/path.ts';

/**
 * The path that `rewrite` makes of `path`; `match` is the one that the request met. A replaced prefix keeps what follows it, with
 * exactly one slash in between (the table in HTTPPathModifier.replacePrefixMatch).
 */
export function rewritePath(rewrite: PathRewrite, path: string, match: PathMatch): string {
  if (rewrite.kind === 'full') return rewrite.value === '' ? '/' : rewrite.value;
  const prefix = match.kind === 'prefix' ? withoutFinalSlash(match.value) : '';
  // A prefix that matched only in the decoded reading (`/a%2Fb` under `/a/b`) is cut off in that reading.
  const reading = path.startsWith(prefix) ? path : matchPath(path);
  const rest = reading.slice(prefix.length);
  if (rest === '') return rewrite.value === '' ? '/' : rewrite.value;
  const result = withoutFinalSlash(rewrite.value) + (rest.startsWith('/') ? rest : `/${rest}`);
  return result;
}

const withoutFinalSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);
