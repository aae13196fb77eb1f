import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unknownCode } from './finding-codes.ts';

test('codes of every stage are known', () => {
  for (const code of ['unknown-field', 'certificate-expired', 'backend-not-found']) {
    assert.equal(unknownCode(code), null);
  }
});

test('a misspelled code is refused, with the codes that may be meant', () => {
  assert.match(unknownCode('unknwon-field') ?? '', /"unknwon-field": did you mean unknown-field/);
  assert.match(unknownCode('certificate-old') ?? '', /did you mean .*certificate-expired/);
  assert.match(unknownCode('xyzzy') ?? '', /docs\/reference\/findings\.md/);
});
