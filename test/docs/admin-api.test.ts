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

const COMMON = ['kind', 'namespace', 'name', 'generation', 'servedSince'];
const LISTENER = ['name', 'protocol', 'port', 'hostname', 'attachedRoutes', 'bound', 'conditions'];

test('every field of the status is documented, and no other', async (t) => {
  const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
  t.after(() => sluice.stop());
  const status = await sluice.status();
  const fieldsOf = (object: object | undefined): string[] => Object.keys(object ?? {}).toSorted();
  assert.deepEqual(fieldsOf(status), firstColumn('field').toSorted());
  const [gateway] = status.gateways;
  assert.deepEqual(fieldsOf(gateway), [...COMMON, ...firstColumn('of a Gateway or ListenerSet')].toSorted());
  assert.deepEqual(fieldsOf(gateway?.listeners[0]), LISTENER.toSorted());
  assert.deepEqual(fieldsOf(status.routes[0]), [...COMMON, ...firstColumn('of a route')].toSorted());
  assert.deepEqual(fieldsOf(status.others[0]), [...COMMON, 'conditions'].toSorted());
  const [backend] = status.backends;
  assert.deepEqual(fieldsOf(backend), firstColumn('of a backend').toSorted());
  for (const field of [...COMMON, ...LISTENER, ...fieldsOf(status.workers)]) {
    assert.ok(page.includes(`\`${field}\``), `${field} is not mentioned`);
  }
});
