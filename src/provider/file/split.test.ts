import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { splitDocuments } from './split.ts';

const chunks = (text: string): [string, number][] =>
  splitDocuments(text).map(({ text: chunk, lineOffset }) => [chunk, lineOffset]);

suite('cutting a text into documents', () => {
  test('YAML documents begin at a marker, which stays with them', () => {
    assert.deepEqual(chunks('a: 1\n---\nb: 2\n--- # c\nc: 3\n'), [
      ['a: 1\n', 0],
      ['---\nb: 2\n', 1],
      ['--- # c\nc: 3\n', 3],
    ]);
  });

  test('only a marker at the start of a line, with nothing stuck to it, is one', () => {
    assert.equal(chunks('a: |\n  ---\n  b\nc: ---\n---d: 1\n').length, 1);
    assert.equal(chunks('a: 1\r\n---\r\nb: 2\r\n').length, 2);
    assert.equal(chunks('---\na: 1\n---').length, 2);
  });

  test('JSON values follow each other, whatever their strings contain', () => {
    assert.deepEqual(chunks('{"a": "}{\\""}\n{"b":\n[{}]}[1]'), [
      ['{"a": "}{\\""}\n', 0],
      ['{"b":\n[{}]}', 1],
      ['[1]', 2],
    ]);
  });

  test('JSON and YAML may be in one text', () => {
    assert.deepEqual(chunks('{"a": 1}\n---\nb: 2\n'), [
      ['{"a": 1}\n', 0],
      ['---\nb: 2\n', 1],
    ]);
  });

  test('nothing is lost, and line numbers are right', () => {
    const parts = fc.constantFrom(
      '---\n',
      '{',
      '}',
      '[',
      ']',
      '"',
      '\\',
      '\n',
      'a: 1\n',
      '--- x\n',
      ' ',
      '\r\n',
    );
    fc.assert(
      fc.property(fc.array(parts), (list) => {
        const text = list.join('');
        const split = splitDocuments(text);
        assert.equal(split.map((chunk) => chunk.text).join(''), text);
        let before = '';
        for (const chunk of split) {
          assert.equal(chunk.lineOffset, before.split('\n').length - 1);
          before += chunk.text;
        }
      }),
    );
  });
});
