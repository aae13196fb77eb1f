import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visibleLine, visibleText } from './visible-text.ts';

test('a line shows line ends, escape sequences and what turns text around', () => {
  assert.equal(visibleLine('a\r\n::error::b'), 'a\\r\\n::error::b');
  assert.equal(visibleLine('\u001b[2J\u009b2J\u007f\0'), '\\u001b[2J\\u009b2J\\u007f\\u0000');
  assert.equal(visibleLine('a\u202eb\u2066c\u2028d'), 'a\\u202eb\\u2066c\\u2028d');
});

test('a line keeps tabs, and text of any language', () => {
  for (const text of ['a\tb', 'Größe → “x”', 'שלום', '日本', '👩‍💻']) assert.equal(visibleLine(text), text);
});

test('a text keeps its lines and colors, and no other sequence', () => {
  assert.equal(visibleText('\u001b[31merror\u001b[39m\nnext'), '\u001b[31merror\u001b[39m\nnext');
  assert.equal(visibleText('\u001b[8mhidden\u001b]0;title\u0007'), '\\u001b[8mhidden\\u001b]0;title\\u0007');
});

test('JSON says the same afterwards', () => {
  const value = { text: '\u001b\u009b\u007f\u202e\n' };
  assert.deepEqual(JSON.parse(visibleText(JSON.stringify(value, null, 2))), value);
});
