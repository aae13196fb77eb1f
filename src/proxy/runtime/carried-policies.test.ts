import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testAttachment } from '../../../test/support/attachment.ts';
import { clusterId, listenerId, ruleId } from '../../ir/ids.ts';
import type { L4Rule, Listener } from '../../ir/listener.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import { testLeases } from '../../../test/support/test-leases.ts';
import { NO_DEPS } from '../../../test/support/no-credentials.ts';
import { FILTERS } from '../filter/filters.ts';
import { CarriedPolicies } from './carried-policies.ts';

const UNKNOWN: readonly PolicyValue[] = [{ kind: 'captcha', settings: {}, from: [] }];
const origin = { kind: 'Service', namespace: 'test', name: 'db' };
const attachment = testAttachment('web');

const rule = (name: string): L4Rule => ({
  id: ruleId(name),
  origin: { kind: 'TCPRoute', namespace: 'test', name, index: 0 },
  backends: [{ kind: 'cluster', cluster: clusterId('db'), weight: 1, filters: [], origin }],
});

const tcp = (own: L4Rule): Listener => ({ kind: 'tcp', id: listenerId('tcp'), attachment, rule: own });

/** `isClosed`: the listener itself has a policy that is not known. */
function withoutClosedRules(listener: Listener, isClosed: boolean): Listener {
  const listeners = [isClosed ? { ...listener, policies: UNKNOWN } : listener];
  const policies = new CarriedPolicies(
    [{ number: 80, transport: 'tcp', listeners }],
    {
      filters: FILTERS,
      track: (compile) => {
        const deps = {
          ...NO_DEPS,
          refusalCounterOf: () => assert.fail('there are none'),
          leases: testLeases(),
          limitOf: () => assert.fail('there are none'),
        };
        return { result: compile(deps), uses: [], secrets: [], refusals: [] };
      },
      takeOver: () => true,
    },
    null,
  );
  return policies.withoutClosedRules(listener);
}

const backendsOf = (listener: Listener): number | undefined =>
  listener.kind === 'tcp' ? listener.rule?.backends.length : undefined;

test('a layer-4 rule without policies stays the same object', () => {
  const listener = tcp(rule('db'));
  assert.equal(withoutClosedRules(listener, false), listener);
});

test('a layer-4 rule with a policy of a kind that is not known has no backend', () => {
  const open = rule('db');
  const ofBackend = { ...open, backends: open.backends.map((one) => ({ ...one, policies: UNKNOWN })) };
  assert.equal(backendsOf(withoutClosedRules(tcp({ ...open, policies: UNKNOWN }), false)), 0);
  assert.equal(backendsOf(withoutClosedRules(tcp(ofBackend), false)), 0);
  assert.equal(backendsOf(withoutClosedRules(tcp(open), true)), 0);
});

test('of the rules of a TLS listener only the one with the policy is closed', () => {
  const hosts = [
    { hostname: 'a.example', rule: { ...rule('a'), policies: UNKNOWN } },
    { hostname: 'b.example', rule: rule('b') },
  ];
  const listener: Listener = {
    kind: 'tls',
    id: listenerId('tls'),
    attachment,
    hostname: '',
    tls: null,
    hosts,
  };
  const open = withoutClosedRules(listener, false);
  assert.ok(open.kind === 'tls');
  assert.deepEqual(
    open.hosts.map((host) => host.rule.backends.length),
    [0, 1],
  );
});
