import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { PathMatch } from '../../ir/match.ts';
import { matchPath, normalisePath, readLiteral } from '../router/path.ts';
import { rewritePath } from './path-rewrite.ts';

const prefix = (value: string): PathMatch => ({ kind: 'prefix', value });
const replacePrefix = (path: string, match: string, value: string): string =>
  rewritePath({ kind: 'prefix', value }, path, prefix(match));

suite('rewrites of paths that are under the prefix only when decoded', () => {
  const rows: readonly (readonly [string, string, string, string])[] = [
    ['/a%2Fb/c', '/a/b', '/x', '/x/c'],
    ['/a%2Fb', '/a', '/x', '/x/b'],
    ['/a%252Fb', '/a', '/x', '/x/b'],
    ['/a%2Fb/c%20d%3Fe%23f', '/a/b', '/x', '/x/c%20d%3Fe%23f'],
    ['/a%2Fb/%252e', '/a/b', '/x', '/x/%252e'],
    ['//a//b', '/a', '/x', '/x//b'],
    ['/a;v=1/b', '/a', '/x', '/x/b'],
    ['/a;v=1', '/a', '/x', '/x'],
    ['/caf%C3%A9/b', '/café', '/x', '/x/b'],
    ['/a%20b/c', '/a%20b', '/x', '/x/c'],
    ['*', '/', '/x', '/x/'],
    ['/a//b', '/a', '/', '/b'],
    ['//evil.test/b', '/', '/', '/evil.test/b'],
    ['/a;v=1/b', '/a;v=1', '/x', '/x/b'],
    ['/a%3B1/b', '/a%3b1', '/x', '/x/b'],
  ];
  for (const [path, match, value, expected] of rows) {
    test(`${path} under ${match}, replaced by ${value}, is ${expected}`, () => {
      assert.equal(replacePrefix(path, match, value), expected);
    });
  }

  test('nothing that ends a request line, a path or a fragment comes out, whatever goes in', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '/',
      '//',
      ';',
      ';p',
      '%2F',
      '%252f',
      '%20',
      '%3F',
      '%23',
      '%25',
      '%2520',
      '%61',
    );
    const path = fc.array(piece, { maxLength: 12 }).map((parts) => `/${parts.join('')}`);
    fc.assert(
      fc.property(
        path,
        fc.constantFrom('/', '/a', '/a/b', '/a b'),
        fc.string({ unit: 'binary', maxLength: 8 }),
        (raw, match, value) => {
          const normal = normalisePath(raw);
          if (normal === null) return;
          const reading = matchPath(normal);
          const literal = readLiteral(match).path;
          if (literal !== '/' && reading !== literal && !reading.startsWith(`${literal}/`)) return;
          for (const kind of ['prefix', 'full'] as const) {
            assert.match(rewritePath({ kind, value }, normal, prefix(match)), /^\/[!"$->@-~]*$/);
          }
        },
      ),
      { numRuns: 5_000 },
    );
  });

  test('what follows the prefix reads as it did before', () => {
    const piece = fc.constantFrom('a', 'c', '/', ';p', '%2F', '%252f', '%20', '%3F');
    const path = fc.array(piece, { maxLength: 10 }).map((parts) => `/a${parts.join('')}`);
    fc.assert(
      fc.property(path, (raw) => {
        const normal = normalisePath(raw);
        const reading = normal === null ? '' : matchPath(normal);
        if (normal === null || (reading !== '/a' && !reading.startsWith('/a/'))) return;
        const rest = reading.slice('/a'.length);
        assert.equal(matchPath(replacePrefix(normal, '/a', '/x')), `/x${rest}`);
      }),
      { numRuns: 5_000 },
    );
  });

  test('a replacement cannot smuggle a request', () => {
    const evil = '/x HTTP/1.1\r\nHost: other\r\n\r\nGET /y';
    assert.equal(
      rewritePath({ kind: 'full', value: evil }, '/a', prefix('/')),
      '/x%20HTTP/1.1%0D%0AHost:%20other%0D%0A%0D%0AGET%20/y',
    );
    assert.equal(
      rewritePath({ kind: 'full', value: 'relative?q#f' }, '/a', prefix('/')),
      '/relative%3Fq%23f',
    );
  });
});
