/** A request in words, as the router sees it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRequest } from './request.ts';

const hostOf = (text: string, ...lines: string[]): string | undefined => {
  const parsed = parseRequest(text, lines);
  assert.ok(parsed.ok);
  return parsed.request.header('host');
};

test('the Host field is what a client would send: the host of the URL, with a port that is not the default', () => {
  assert.equal(hostOf('GET http://a.test/y'), 'a.test');
  assert.equal(hostOf('GET http://a.test:80/y'), 'a.test');
  assert.equal(hostOf('GET http://a.test:21200/y'), 'a.test:21200');
  assert.equal(hostOf('GET http://a.test:21200/y', 'Host: b.test'), 'b.test');
});
