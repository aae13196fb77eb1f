/** docs/reference/admin-api.md and the admin API agree: every path, every field of the status. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { EventStream } from '../../src/admin/api/event-stream.ts';
import { GatewayView } from '../../src/admin/view/view.ts';
import { adminHandlers } from '../../src/admin/admin-handlers.ts';
import { startSluice } from '../support/sluice-process.ts';
import { tableRows } from '../support/markdown.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';

const page = readFileSync(new URL('../../docs/reference/admin-api.md', import.meta.url), 'utf8');

const firstColumn = (heading: string): string[] =>
  tableRows(page, heading).map(([name = '']) => name.replaceAll('`', ''));

test('every path is documented, and no other', () => {
  const refuse = (): never => assert.fail('nothing is asked');
  const view = new GatewayView({
    process: refuse,
    stats: null,
    locate: refuse,
    now: Date.now,
    logger: SILENT_LOGGER,
  });
  const handlers = adminHandlers({
    unhealthy: refuse,
    notReady: refuse,
    view,
    events: new EventStream(view),
    configs: refuse,
    listenerPort: refuse,
    metrics: refuse,
  });
  assert.deepEqual(firstColumn('path').toSorted(), Object.keys(handlers).toSorted());
});

const fieldsOfType = (type: string): string[] =>
  tableRows(page.slice(page.indexOf(`### ${type}\n`)), 'field')
    .map(([name = '']) => name.replaceAll('`', ''))
    .toSorted();

test('the answer of a gateway has the documented fields, and no other', async (t) => {
  const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
  t.after(() => sluice.stop());
  const status = await sluice.status();
  const fieldsOf = (object: object | undefined): string[] => Object.keys(object ?? {}).toSorted();
  const [gateway] = status.gateways;
  for (const [type, object] of Object.entries({
    StatusAnswer: status,
    GatewayReport: gateway,
    ListenerReport: gateway?.listeners[0],
    RouteReport: status.routes[0],
    PublicRoute: status.publicRoutes[0],
    OtherReport: status.others[0],
    BackendReport: status.backends[0],
  })) {
    assert.deepEqual(fieldsOf(object), fieldsOfType(type), type);
  }
  for (const field of fieldsOf(status.workers)) assert.ok(page.includes(`${field}: `), field);
});
