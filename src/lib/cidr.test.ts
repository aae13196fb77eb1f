import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cidrError } from './cidr.ts';

test('addresses with a length within their family are CIDRs', () => {
  for (const text of ['10.0.0.0/8', '0.0.0.0/0', '192.0.2.1/32', '::/0', '2001:db8::/32', '::1/128']) {
    assert.equal(cidrError(text), null, text);
  }
});

test('everything else is not, and the error says what to write', () => {
  for (const text of ['', 'all', '10.0.0/8', '10.0.0.0/8/9', 'example.com/8', '/8']) {
    assert.match(cidrError(text) ?? '', /such as 10\.0\.0\.0\/8/, text);
  }
  assert.match(cidrError('192.0.2.1') ?? '', /write 192\.0\.2\.1\/32\.$/);
  assert.match(cidrError('::1') ?? '', /write ::1\/128\.$/);
  for (const text of ['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/1e1']) {
    assert.match(cidrError(text) ?? '', /from 0 to 32\.$/, text);
  }
  assert.match(cidrError('::/129') ?? '', /from 0 to 128\.$/);
});
