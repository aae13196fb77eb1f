import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { dnsNames, parseSubjectAltName, servedNames } from './subject-alt-name.ts';

test('names of every kind, in order', () => {
  assert.deepEqual(parseSubjectAltName('DNS:a.example, URI:spiffe://a/b:c, IP Address:0:0:0:0:0:0:0:1'), [
    { kind: 'DNS', value: 'a.example' },
    { kind: 'URI', value: 'spiffe://a/b:c' },
    { kind: 'IP Address', value: '0:0:0:0:0:0:0:1' },
  ]);
  assert.deepEqual(parseSubjectAltName(''), []);
});

test('a quoted value is one name, whatever it holds', () => {
  const text = 'DNS:"good.example, DNS:evil.example", URI:"http://a/\\u0000"';
  assert.deepEqual(parseSubjectAltName(text), [
    { kind: 'DNS', value: 'good.example, DNS:evil.example' },
    { kind: 'URI', value: 'http://a/\u0000' },
  ]);
});

test('names after a fault are not guessed', () => {
  assert.deepEqual(parseSubjectAltName('DNS:a, nothing'), [{ kind: 'DNS', value: 'a' }]);
  assert.deepEqual(parseSubjectAltName('DNS:"a"b, DNS:c'), []);
});

test('what is written comes back', () => {
  const kind = fc.constantFrom('DNS', 'URI', 'IP Address');
  const value = fc.string({ unit: 'binary' });
  const written = (name: { kind: string; value: string }): string =>
    `${name.kind}:${/^[a-z0-9.*:/-]+$/.test(name.value) ? name.value : JSON.stringify(name.value)}`;
  fc.assert(
    fc.property(fc.array(fc.record({ kind, value }, { noNullPrototype: true })), (names) => {
      assert.deepEqual(parseSubjectAltName(names.map(written).join(', ')), names);
    }),
  );
});

test('DNS names are compared in lower case', () => {
  assert.deepEqual(dnsNames('DNS:A.Example, URI:x, DNS:*.B.example'), ['a.example', '*.b.example']);
});

test('the common name counts only where there is no DNS name', () => {
  assert.deepEqual(servedNames('DNS:a.example', 'O=x\nCN=b.example'), ['a.example']);
  assert.deepEqual(servedNames('URI:spiffe://x', 'O=x\nCN=B.example'), ['b.example']);
  assert.deepEqual(servedNames('', 'O=x'), []);
});
