/** A policy that a rule and its backend both carry acts once for a request: the rule's value, and of the backend's what it adds. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { exchangeOnce } from '../../../test/support/reply-client.ts';
import { answering, ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { PolicyValueOf } from '../../ir/policy-value.ts';
import type { HttpFilter } from '../exchange/http-filter.ts';
import type { FilterDefinition } from './definition.ts';
import { FilterTable } from './filter-table.ts';

type GuardPolicy = PolicyValueOf<'guard', { readonly groups: readonly string[] }>;

const guard = (...groups: readonly string[]): readonly GuardPolicy[] => [
  { kind: 'guard', settings: { groups }, from: [] },
];

/** Notes the groups that it asks for, on requests and on responses. */
function guardFilter(
  acted: string[],
  more: Partial<FilterDefinition<GuardPolicy>>,
): FilterDefinition<GuardPolicy> {
  const step = (groups: readonly string[], on: string): HttpFilter => ({
    kind: 'guard',
    apply() {
      acted.push(`${on} ${groups.join('+')}`);
      return 'continue';
    },
  });
  return {
    kind: 'guard',
    stages: { request: 'rate-limit', response: 'custom-response' },
    precedence: 'both',
    compile: ({ settings: { groups } }) => ({
      request: step(groups, 'request'),
      response: step(groups, 'response'),
    }),
    describe: () => 'guard',
    ...more,
  };
}

async function actsFor(
  t: TestContext,
  ofRule: readonly GuardPolicy[],
  ofBackend: readonly GuardPolicy[],
  more: Partial<FilterDefinition<GuardPolicy>> = {},
): Promise<readonly string[]> {
  const acted: string[] = [];
  const backend = await ScriptedBackend.start(answering('ok'));
  t.after(() => backend.stop());
  const config = testConfig({
    rules: [{ policies: ofRule, backends: [{ ...testBackend('a'), policies: ofBackend } as never] }],
    endpoints: { a: [backend.port] },
  });
  const proxy = await TestProxy.start(config, {}, { filters: new FilterTable([guardFilter(acted, more)]) });
  t.after(() => proxy.stop());
  const { status } = await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/', fields: [] });
  assert.equal(status, 200);
  return acted;
}

test('equal values act once', async (t) => {
  const acted = await actsFor(t, guard('staff'), guard('staff'));
  assert.deepEqual(acted, ['request staff', 'response staff']);
});

test('equal values act once also where the backend has precedence', async (t) => {
  const acted = await actsFor(t, guard('staff'), guard('staff'), { precedence: 'backend' });
  assert.deepEqual(acted, ['request staff', 'response staff']);
});

test('of a different value, what it adds acts', async (t) => {
  const acted = await actsFor(t, guard('staff'), guard('staff', 'loggers'), {
    added: (ofBackend, ofRule) => {
      const groups = ofBackend.settings.groups.filter((group) => !ofRule.settings.groups.includes(group));
      return groups.length === 0 ? null : { ...ofBackend, settings: { groups } };
    },
  });
  assert.deepEqual(acted, ['request staff', 'request loggers', 'response loggers', 'response staff']);
});

test('nothing acts of a value that adds nothing', async (t) => {
  const acted = await actsFor(t, guard('staff', 'x'), guard('staff'), { added: () => null });
  assert.deepEqual(acted, ['request staff+x', 'response staff+x']);
});

test('a value of the backend alone acts', async (t) => {
  const acted = await actsFor(t, [], guard('loggers'), {
    added: () => assert.fail('there is nothing to add to'),
  });
  assert.deepEqual(acted, ['request loggers', 'response loggers']);
});

test('a different value acts as a whole where the kind does not say what it adds', async (t) => {
  const acted = await actsFor(t, guard('staff'), guard('staff', 'loggers'));
  assert.deepEqual(acted, [
    'request staff',
    'request staff+loggers',
    'response staff+loggers',
    'response staff',
  ]);
});
