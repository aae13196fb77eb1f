/** A request in words, as the router sees it. */
import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../../../test/support/explain-context.ts';
import { test } from 'node:test';
import { DEFAULT_PROXY_SETTINGS, type ProxySettings } from '../../ir/gateway-config.ts';
import { explain } from '../../proxy/router/explain.ts';
import { compileRegex } from '../../proxy/router/regex.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { parseRequest } from './request.ts';
import { seenBy } from './seen-by.ts';

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

/** What `explain` says of a request to a Gateway with a rule for requests with this field. */
function explained(settings: Partial<ProxySettings>, [name, value]: [string, string], method = 'GET') {
  const config = testConfig({
    rules: [
      {
        backends: [testBackend('special')],
        match: { headers: [{ name, value: { kind: 'exact', value } }] },
      },
      { backends: [testBackend('plain')] },
    ],
    endpoints: { special: [1], plain: [1] },
    settings,
  });
  const parsed = parseRequest(`${method} http://a.test/`, [`${name}: ${value}`]);
  assert.ok(parsed.ok);
  const request = seenBy(parsed.request, { ...DEFAULT_PROXY_SETTINGS, ...settings });
  return explain(config, request, compileRegex, EXPLAIN_CONTEXT);
}

test('fields that the Gateway hides match nothing, as in the proxy', () => {
  const ruleOf = (settings: Partial<ProxySettings>, field: [string, string]): number | undefined =>
    explained(settings, field)?.rule?.index;
  const trusted = { trustedCidrs: ['10.0.0.0/8'] };
  assert.equal(ruleOf({}, ['x-user', '1']), 0);
  assert.equal(ruleOf({}, ['x-forwarded-proto', 'https']), 1);
  assert.equal(ruleOf(trusted, ['x-forwarded-proto', 'https']), 0);
  assert.equal(ruleOf({}, ['x_user', '1']), 1);
  assert.equal(ruleOf({ headersWithUnderscores: 'Allow' }, ['x_user', '1']), 0);
});

test('requests that the Gateway refuses are refused', () => {
  assert.equal(explained({ headersWithUnderscores: 'Reject' }, ['x_user', '1'])?.reason, 'bad_request');
  assert.equal(explained({}, ['x-user', '1'], 'TRACE')?.reason, 'not_implemented');
});
