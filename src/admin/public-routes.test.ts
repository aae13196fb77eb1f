import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiKey, authCheck, authPolicy } from '../../test/support/auth-policy.ts';
import { testBackend, testConfig } from '../../test/support/gateway-config.ts';
import { publicRoutes } from './public-routes.ts';
import type { RouteReport } from './status-report.ts';

const route = (name: string, rules: number): RouteReport => ({
  kind: 'HTTPRoute',
  namespace: 'test',
  name,
  generation: 1,
  servedSince: null,
  hostnames: ['shop.example'],
  rules,
  samplePath: '/',
  parents: [],
});

const backends = [testBackend('a')];
const protectedRule = { backends, policies: [authPolicy(authCheck([apiKey()]))] };

test('a route is public in the rules without authentication', () => {
  const config = testConfig({ rules: [protectedRule, { backends }, protectedRule, { backends }] });
  const [first, ...others] = publicRoutes([route('route', 4), route('away', 1)], [config]);
  assert.deepEqual(others, []);
  assert.deepEqual([first?.name, first?.rules, first?.publicRules], ['route', 4, ['1', '3']]);
});

test('authentication that is optional, or only notes what it would refuse, leaves a rule public', () => {
  const optional = authPolicy(authCheck([apiKey()], { requirement: 'optional' }));
  const audited = authPolicy(authCheck([apiKey()], { mode: 'audit' }));
  const config = testConfig({
    rules: [{ backends, policies: [optional] }, { backends, policies: [audited] }, protectedRule],
  });
  assert.deepEqual(publicRoutes([route('route', 3)], [config])[0]?.publicRules, ['0', '1']);
});

test('a route that always authenticates is not public', () => {
  assert.deepEqual(publicRoutes([route('route', 1)], [testConfig({ rules: [protectedRule] })]), []);
});
