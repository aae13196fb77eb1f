/** Filters act in the order of the table, whatever order a route lists them in. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { exchangeOnce } from '../../../test/support/reply-client.ts';
import { answering, ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { Filter } from '../../ir/filter.ts';
import type { HttpFilter } from '../exchange/http-filter.ts';
import type { FilterDefinition } from './definition.ts';
import { FilterTable } from './filter-table.ts';
import { FILTER_ORDER, type RequestStage } from './order.ts';

interface NotingFilter {
  readonly kind: string;
  readonly of: string;
}

/** One kind for each stage, that notes where it acted. */
function notingFilters(acted: string[]): FilterDefinition<NotingFilter>[] {
  return FILTER_ORDER.filter(({ phase }) => phase !== 'connection').map(({ stage, phase }) => {
    const step = (of: string): HttpFilter => ({
      kind: stage,
      apply() {
        acted.push(`${stage} of ${of}`);
        return 'continue';
      },
    });
    return {
      kind: stage,
      stages: phase === 'response' ? { response: stage } : { request: stage as RequestStage },
      precedence: 'both',
      compile: ({ of }) => (phase === 'response' ? { response: step(of) } : { request: step(of) }),
      describe: () => stage,
    };
  });
}

const REVERSED = FILTER_ORDER.filter(({ phase }) => phase !== 'connection').toReversed();
const stagesOf = (...phases: readonly string[]): string[] =>
  FILTER_ORDER.filter(({ phase }) => phases.includes(phase)).map(({ stage }) => stage);

async function serve(t: TestContext, acted: string[], of: { rule: boolean; backend: boolean }) {
  const list = (name: string): Filter[] =>
    REVERSED.map(({ stage }) => ({ kind: stage, of: name }) as unknown as Filter);
  const backend = await ScriptedBackend.start(answering('ok'));
  const target = { ...testBackend('a'), filters: of.backend ? list('backend') : [] };
  const config = testConfig({
    rules: [{ filters: of.rule ? list('rule') : [], backends: [target] }],
    endpoints: { a: [backend.port] },
  });
  const proxy = await TestProxy.start(config, {}, { filters: new FilterTable(notingFilters(acted)) });
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return proxy;
}

test('filters of a rule act in the order of the table', async (t) => {
  const acted: string[] = [];
  const proxy = await serve(t, acted, { rule: true, backend: false });
  await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/', fields: [] });
  assert.deepEqual(
    acted,
    stagesOf('request', 'forward', 'response').map((stage) => `${stage} of rule`),
  );
});

test('filters of a backend act once it is chosen; on responses the rule has the last word', async (t) => {
  const acted: string[] = [];
  const proxy = await serve(t, acted, { rule: true, backend: true });
  await exchangeOnce(proxy, 'HTTP/1.1', { method: 'GET', path: '/', fields: [] });
  assert.deepEqual(acted, [
    ...stagesOf('request').map((stage) => `${stage} of rule`),
    ...stagesOf('request').map((stage) => `${stage} of backend`),
    ...stagesOf('forward').flatMap((stage) => [`${stage} of rule`, `${stage} of backend`]),
    ...stagesOf('response').flatMap((stage) => [`${stage} of backend`, `${stage} of rule`]),
  ]);
});

test('on a request that the gateway refuses, only filters before its checks act', async (t) => {
  const acted: string[] = [];
  const proxy = await serve(t, acted, { rule: true, backend: false });
  const { status } = await exchangeOnce(proxy, 'HTTP/1.1', { method: 'TRACE', path: '/', fields: [] });
  assert.equal(status, 501);
  const stages = stagesOf('request');
  const early = stages.slice(0, stages.indexOf('checks'));
  assert.deepEqual(
    acted,
    [...early, ...stagesOf('response')].map((stage) => `${stage} of rule`),
  );
});
