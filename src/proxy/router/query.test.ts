import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { QueryValues, queryValue } from './query.ts';

/** By the book: split, decode, the first of a name. */
function reference(query: string, name: string): string | undefined {
  const decode = (text: string): string =>
    text
      .replaceAll('+', ' ')
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  for (const pair of query === '' ? [] : query.split('&')) {
    const equals = pair.indexOf('=');
    const [key, value] = equals === -1 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
    if (decode(key) === name) return decode(value);
  }
  return undefined;
}

suite('query parameters', () => {
  const piece = fc.constantFrom('a', 'b', '=', '&', '+', '%61', '%2B', '%26', 'ab');
  const query = fc.array(piece, { maxLength: 12 }).map((parts) => parts.join(''));
  const name = fc.constantFrom('a', 'b', 'ab', 'a b', 'a+b', '+', ' ', '%', 'aa');

  test('are those of a plain reading, looked for once or many times', () => {
    fc.assert(
      fc.property(query, fc.array(name, { maxLength: 4 }), fc.boolean(), (text, names, isLong) => {
        const whole = isLong ? `${text}&${'x'.repeat(300)}` : text;
        // An empty last parameter ends the walk; it has no name to ask for.
        const values = new QueryValues();
        for (const one of names) {
          assert.equal(queryValue(whole, one), reference(whole, one), `${one} in ${whole}`);
          assert.equal(values.get(whole, one), reference(whole, one), `${one} in ${whole}, indexed`);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  for (const [what, long] of [
    ['a query of ampersands is walked in linear time, and once for all rules', '&'.repeat(16_000)],
    ['a query of parameters is walked in linear time, and once for all rules', 'a&'.repeat(8_000)],
    ['a query of equals signs is walked in linear time, and once for all rules', 'a=='.repeat(5_000)],
  ] as const) {
    test(what, (context) => {
      let scanned = 0;
      // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its text below
      const indexOf = String.prototype.indexOf;
      // Counts what searches look at: a duration says little on a busy machine.
      context.mock.method(String.prototype, 'indexOf', function (this: string, wanted: string, from = 0) {
        const at = indexOf.call(this, wanted, from);
        scanned += (at === -1 ? this.length : at + 1) - from;
        return at;
      });
      const values = new QueryValues();
      for (let rule = 0; rule < 100; rule++)
        assert.equal(values.get(long, `token${String(rule)}`), undefined);
      context.mock.restoreAll();
      assert.ok(scanned <= 6 * long.length, `${String(scanned)} characters of ${String(long.length)}`);
    });
  }
});
