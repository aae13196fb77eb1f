/** Rules that name a parameter, an escape or a repeated slash mean it; all others keep the lenient reading. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { PathMatch } from '../../ir/match.ts';
import { ruleId } from '../../ir/ids.ts';
import { CompiledEntry } from './entry.ts';
import { MatchState } from './match-state.ts';
import { matchPath, normalisePath } from './path.ts';
import { compileRegex } from './regex.ts';
import type { RequestView } from './request-view.ts';

const exact = (value: string): PathMatch => ({ kind: 'exact', value });
const prefix = (value: string): PathMatch => ({ kind: 'prefix', value });
const regex = (pattern: string): PathMatch => ({ kind: 'regex', pattern });

function takes(path: PathMatch, target: string): boolean {
  const normal = normalisePath(target);
  if (normal === null) return false;
  const view: RequestView = { method: 'GET', host: 'a', path: normal, query: '', header: () => undefined };
  const state = new MatchState();
  state.start(matchPath(normal));
  const match = { path, method: null, headers: [], query: [] };
  return new CompiledEntry({ match, rule: ruleId('r') }, compileRegex).matches(view, state);
}

suite('paths of rules', () => {
  const rows: readonly (readonly [PathMatch, readonly string[], readonly string[]])[] = [
    [exact('/p;v=1'), ['/p;v=1'], ['/p', '/p;v=2', '/p;v=1;w', '/p;v=1/x', '/p%3Bv=1']],
    [prefix('/p;v=1'), ['/p;v=1', '/p;v=1/x'], ['/p', '/p/x', '/p;v=2/x', '/p;v=10']],
    [exact('/x%2561'), ['/x%2561'], ['/xa', '/x%61', '/x%252561']],
    [exact('/a%3bb'), ['/a%3Bb', '/a%3bb'], ['/a', '/a;b']],
    [exact('/é;v=1'), ['/%c3%a9;v=1'], ['/%C3%A9']],
    // What names neither keeps the defence: a backend may drop the parameter.
    [exact('/abc'), ['/abc', '/abc;x=1', '/abc%3Bd', '//abc', '/%2561bc'], ['/abcd', '/abc/d']],
    [exact('/a%20b'), ['/a%20b', '/a%2520b'], ['/a']],
    [regex('/i;id=[0-9]+'), ['/i;id=7', '/i%3Bid=7'], ['/i', '/i;id=x']],
    [regex('/sp%20ace'), ['/sp%20ace'], ['/sp', '/sp%20ace;x/y']],
    [regex('/web/https?://[a-z.]+'), ['/web/http://a.test', '/web/https://b.test'], ['/web']],
    [
      regex('/[a-z]+\\.css'),
      ['/x.css', '/x.css;v=1', '//x.css'],
      ['/admin;.css', '/admin%3B.css', '/admin%253b.css'],
    ],
    [
      regex('/admin(;.*)?'),
      ['/admin', '/admin;x', '/admin%3Bx', '/%2561dmin', '//admin'],
      ['/administrator'],
    ],
    [regex('.*%20.*\\.css'), ['/a%20b.css'], ['/admin;%20.css', '/admin%3B%20.css']],
  ];
  for (const [path, met, missed] of rows) {
    const rule = path.kind === 'regex' ? `the pattern ${path.pattern}` : `${path.kind} ${path.value}`;
    for (const target of met) {
      test(`${rule} takes ${target}`, () => {
        assert.equal(takes(path, target), true);
      });
    }
    for (const target of missed) {
      test(`${rule} leaves ${target}`, () => {
        assert.equal(takes(path, target), false);
      });
    }
  }

  test('naming a part never makes a pattern take less', () => {
    const piece = fc.constantFrom('a', 'b', '/', '//', ';', ';p=1', '%3B', '%20', '%2520', '%2F');
    const target = fc.array(piece, { maxLength: 8 }).map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(target, fc.constantFrom('a', '/a/b', '/.*a', '/a.*'), (path, pattern) => {
        for (const named of [`(?:${pattern})|;`, `(?:${pattern})|%20`, `(?:${pattern})|//`]) {
          if (takes(regex(`(?:${pattern})`), path))
            assert.ok(takes(regex(named), path), `${named} on ${path}`);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});
