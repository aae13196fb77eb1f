/** The API of a running gateway: an edited file grows the revision and arrives as an event; nothing but reading is possible. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type {
  ChangeItem,
  ItemResponse,
  ListResponse,
  ListenerItem,
  RouteItem,
  SummaryItem,
} from '../../src/admin/api/resources.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

async function serveCopy(
  t: TestContext,
): Promise<{ readonly sluice: SluiceProcess; readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-api-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  cpSync('examples/quickstart', folder, { recursive: true });
  const sluice = await startSluice({ paths: [folder], args: ['--echo'], ports: [8081] });
  t.after(() => sluice.stop());
  return { sluice, folder };
}

async function ask<Answered>(sluice: SluiceProcess, path: string): Promise<Answered> {
  const response = await fetch(`${sluice.admin}/api/v1/${path}`);
  assert.equal(response.status, 200, path);
  return (await response.json()) as Answered;
}

/** An event as it comes. */
interface SentEvent {
  readonly event: string;
  readonly change: ChangeItem;
}

async function* eventsOf(sluice: SluiceProcess): AsyncGenerator<SentEvent, undefined> {
  const response = await fetch(`${sluice.admin}/api/v1/events`);
  let text = '';
  for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event = '', data = ''] = /^id: .*\nevent: (.*)\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== '') yield { event, change: JSON.parse(data) as ChangeItem };
    }
  }
}

test('an edit of a file grows the revision, arrives as an event, and is served', async (t) => {
  const { sluice, folder } = await serveCopy(t);
  const before = await ask<ListResponse<RouteItem>>(sluice, 'routes');
  assert.equal(before.items[0]?.rules[1]?.matches[0]?.headers[0]?.value, 'beta');
  const events = eventsOf(sluice);
  assert.equal((await events.next()).value?.event, 'hello');
  const file = join(folder, 'routes.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace('value: beta', 'value: gamma'));
  for await (const { change } of events) {
    if (!change.objects.some(({ kind, name }) => kind === 'HTTPRoute' && name === 'shop')) continue;
    assert.ok(change.revision > before.revision);
    assert.ok(change.collections.includes('routes'));
    break;
  }
  const after = await ask<ListResponse<RouteItem>>(sluice, 'routes');
  assert.ok(after.revision > before.revision);
  assert.equal(after.instance, before.instance);
  assert.equal(after.items[0]?.rules[1]?.matches[0]?.headers[0]?.value, 'gamma');
  let served: string | null | undefined = null;
  while (served === null) {
    const { items } = await ask<ListResponse<ChangeItem>>(sluice, 'changes?kind=HTTPRoute&limit=1');
    served = items[0]?.servedAt;
  }
  assert.ok(served !== undefined && Date.parse(served) > 0);
});

test('a listener of a ListenerSet is listed with the sockets of its Gateway', async (t) => {
  const { sluice, folder } = await serveCopy(t);
  const gateway = join(folder, 'gateway.yaml');
  const allowing = readFileSync(gateway, 'utf8').replace(
    'gatewayClassName: sluice',
    'gatewayClassName: sluice\n  allowedListeners: { namespaces: { from: Same } }',
  );
  writeFileSync(gateway, allowing);
  writeFileSync(
    join(folder, 'set.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: { name: tenant, namespace: default }
spec:
  parentRef: { name: web }
  listeners: [{ name: extra, protocol: HTTP, port: 8081 }]
`,
  );
  const { gateways } = await sluice.until((status) =>
    status.gateways.some(
      ({ kind, listeners }) => kind === 'ListenerSet' && listeners.some(({ bound }) => bound.length > 0),
    ),
  );
  const inStatus = gateways.find(({ kind }) => kind === 'ListenerSet')?.listeners[0];
  const { item } = await ask<ItemResponse<ListenerItem>>(
    sluice,
    'listeners/ListenerSet/default/tenant/extra',
  );
  assert.equal(item.gateway, 'default/web');
  assert.deepEqual(item.bound, inStatus?.bound);
  const { item: summary } = await ask<ItemResponse<SummaryItem>>(sluice, 'summary');
  assert.deepEqual(summary.listeners, { total: 2, bound: 2 });
});

test('only reading is possible, and streams end with the gateway', async (t) => {
  const { sluice } = await serveCopy(t);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const response = await fetch(`${sluice.admin}/api/v1/routes`, { method });
    assert.equal(response.status, 405, method);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    assert.match(response.headers.get('content-type') ?? '', /json/);
  }
  const head = await fetch(`${sluice.admin}/api/v1/routes`, { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
  const events = eventsOf(sluice);
  await events.next();
  const [exit] = await Promise.all([sluice.stop(), events.next()]);
  assert.equal(exit.code, 0);
});
