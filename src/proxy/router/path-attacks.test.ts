/** Ways around a rule for `/admin` that depend on how the backend reads paths. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { matchPath, normalisePath } from './path.ts';

/** How some backend makes segments of the path that it gets. */
interface Backend {
  readonly decodings: number;
  readonly dropsParameters: boolean;
  readonly mergesSlashes: boolean;
  readonly readsBackslash: boolean;
  /** Resolves dot segments once more after decoding. */
  readonly resolvesDots: boolean;
}

const backend: fc.Arbitrary<Backend> = fc.record({
  decodings: fc.integer({ min: 0, max: 3 }),
  dropsParameters: fc.boolean(),
  mergesSlashes: fc.boolean(),
  readsBackslash: fc.boolean(),
  resolvesDots: fc.boolean(),
});

const decodeOnce = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));

function segmentsSeen(path: string, by: Backend): string[] {
  let text = path;
  for (let round = 0; round < by.decodings; round++) text = decodeOnce(text);
  if (by.readsBackslash) text = text.replaceAll('\\', '/');
  let segments = text.split('/').slice(1);
  if (by.dropsParameters) segments = segments.map((segment) => segment.replace(/;.*/, ''));
  if (by.mergesSlashes) segments = segments.filter((segment) => segment !== '');
  if (!by.resolvesDots) return segments;
  const stack: string[] = [];
  for (const segment of segments) {
    if (segment === '..') stack.pop();
    else if (segment !== '.') stack.push(segment);
  }
  return stack;
}

const SPELLINGS = [
  ...['/', '//', '.', '..', ';', ';p=1', '\\', 'x', 'admin', 'a', 'dmin', '#', '?'],
  ...['%2e', '%2E%2e', '%2f', '%2F', '%5c', '%61', '%61dmin', '%3b', '%00', '%c0%ae', '%c0%af', '%e0%80%af'],
  ...['%252e', '%252f', '%2561', '%25252e', '%25252f', '%252561', '%255c', '%253b', '%', '%2', '%u002e'],
] as const;
const raw = fc.array(fc.constantFrom(...SPELLINGS), { maxLength: 9 }).map((parts) => `/${parts.join('')}`);

const isUnder = (segments: readonly string[], rule: string): boolean => segments[0] === rule;

suite('paths under attack', () => {
  test('whatever a backend takes for /admin has met the rule for /admin', () => {
    fc.assert(
      fc.property(raw, backend, (target, by) => {
        const forwarded = normalisePath(target);
        if (forwarded === null || !isUnder(segmentsSeen(forwarded, by), 'admin')) return;
        const matched = matchPath(forwarded);
        assert.ok(isUnder(matched.split('/').slice(1), 'admin'), `${target} → ${forwarded} as ${matched}`);
      }),
      { numRuns: 30_000 },
    );
  });

  test('no backend finds a way up in a path that is forwarded', () => {
    fc.assert(
      fc.property(raw, backend, (target, by) => {
        const forwarded = normalisePath(target);
        if (forwarded === null) return;
        const seen = segmentsSeen(forwarded, { ...by, resolvesDots: false });
        assert.ok(!seen.includes('..') && !seen.includes('.'), `${target} → ${forwarded}`);
      }),
      { numRuns: 30_000 },
    );
  });

  // The attack classes one by one, so that a hole has a name.
  const refused: readonly (readonly [string, string])[] = [
    ['a climb above the root', '/../admin'],
    ['the same encoded', '/%2e%2e/admin'],
    ['a climb behind an encoded slash', '/public%2f..%2fadmin'],
    ['the same encoded twice', '/public%252f..%252fadmin'],
    ['dots encoded twice', '/public/%252e%252e/admin'],
    ['dots with a parameter', '/public/..;/admin'],
    ['dots with an encoded parameter', '/public/..%3bx/admin'],
    ['an encoded slash in a parameter', '/;%2fa/admin'],
    ['the same encoded more deeply than its semicolon', '/%3b%25252f%2561/admin'],
    ['a backslash', '/public\\..\\admin'],
    ['an encoded backslash', '/public%5c..%5cadmin'],
    ['a backslash encoded twice, as a way up', '/public%255c..%255cadmin'],
    ['a backslash encoded twice', '/%255cadmin'],
    ['NUL', '/admin%00'],
    ['NUL encoded twice', '/admin%2500'],
    ['overlong dots', '/public/%c0%ae%c0%ae/admin'],
    ['an overlong slash', '/public%c0%afadmin'],
    ['an overlong slash in three bytes', '/public%e0%80%afadmin'],
    ['escapes that are none', '/public/%u002e%u002e/admin'],
    ['half an escape', '/admin%2'],
    ['a fragment', '/admin#x'],
    ['bytes beyond ASCII', '/adm\xefn'],
    ['a line break', '/admin%0d%0aX:%20y'],
  ];
  for (const [name, target] of refused) {
    test(`${name} is refused: ${target}`, () => {
      assert.equal(normalisePath(target), null);
    });
  }

  const matchedAsAdmin = [
    ...['/admin', '/admin/', '//admin', '/./admin', '/x/../admin', '/admin/.', '/%61dmin', '/admin%2fx'],
    ...[
      '/%2561dmin',
      '/%252561dmin',
      '/;x/admin',
      '/admin;x',
      '/admin%3bx',
      '/%2Fadmin',
      '/%252Fadmin',
      '/admin%252fx',
    ],
  ];
  for (const target of matchedAsAdmin) {
    test(`${target} is held against the rule for /admin`, () => {
      assert.match(matchPath(normalisePath(target) ?? 'refused'), /^\/admin(\/|$)/);
    });
  }

  test('a path that only resembles it is not', () => {
    for (const target of ['/administrator', '/x/admin', '/Admin', '/admin.html', '/%2561dministrator']) {
      assert.doesNotMatch(matchPath(normalisePath(target) ?? 'refused'), /^\/admin(\/|$)/, target);
    }
  });
});
