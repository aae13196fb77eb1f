/** The controller's admin API: what it serves, fed by a fake API server and real streams of proxies; and who cannot reach it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type {
  BackendItem,
  ChangeItem,
  GatewayItem,
  ItemResponse,
  ListResponse,
  ProxyItem,
} from '../../../src/admin/api/resources.ts';
import type { StatusAnswer } from '../../../src/admin/status-report.ts';
import { runController, runProxy } from '../../support/controller-process.ts';
import { clusterWithGateway, identityOf } from '../../support/gateway-cluster.ts';

const ANY_PORT = { host: '127.0.0.1', port: 0 };

async function read<Answered>(address: string | null, path: string): Promise<Answered> {
  const response = await fetch(`http://${String(address)}${path}`);
  assert.equal(response.status, 200, path);
  return (await response.json()) as Answered;
}

async function until<Answered>(
  address: string | null,
  path: string,
  holds: (answer: Answered) => boolean,
): Promise<Answered> {
  for (;;) {
    const answer = await read<Answered>(address, path);
    if (holds(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

suite('admin API of the controller', () => {
  test('shows Gateways, proxies and changes as the cluster has them', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster, { admin: ANY_PORT });
    const { admin } = controller;
    const { items } = await read<ListResponse<GatewayItem>>(admin, '/api/v1/gateways');
    assert.deepEqual(
      items.map(({ id, gatewayClass, servedSince }) => [id, gatewayClass, servedSince]),
      [['default/web', 'sluice', null]],
    );
    runProxy(t, controller, { name: 'p1', secret: await identityOf(cluster, 'web') });
    const proxies = await until<ListResponse<ProxyItem>>(admin, '/api/v1/proxies', ({ items: all }) =>
      all.some(({ isCurrent }) => isCurrent),
    );
    assert.deepEqual(
      proxies.items.map(({ id, gateway, refused }) => [id, gateway, refused]),
      [['default/web/p1', 'default/web', null]],
    );
    cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['store.example'] } });
    const changes = await until<ListResponse<ChangeItem>>(
      admin,
      '/api/v1/changes?kind=HTTPRoute&limit=1',
      ({ items: [change] }) => change?.objects.some(({ change: what }) => what === 'updated') === true,
    );
    assert.ok(changes.revision > proxies.revision);
    assert.equal(changes.instance, proxies.instance);
  });

  test('counts and explains as sluice run does; the health of endpoints is not reported here', async (t) => {
    const cluster = await clusterWithGateway(t);
    const { admin } = await runController(t, cluster, { admin: ANY_PORT });
    const backends = await read<ListResponse<BackendItem>>(admin, '/api/v1/backends');
    assert.deepEqual(
      backends.items[0]?.endpoints.map(({ endpoint, health }) => [endpoint, health]),
      [
        ['10.0.0.1:8080', 'unreported'],
        ['10.0.0.2:8080', 'unreported'],
      ],
    );
    const status = await read<StatusAnswer>(admin, '/status');
    assert.equal(status.ready, true);
    assert.deepEqual(
      status.routes.map(({ name }) => name),
      ['shop'],
    );
    const explained = await read<readonly { readonly outcome: string }[]>(
      admin,
      '/explain?request=GET+http://shop.example/',
    );
    assert.equal(explained[0]?.outcome, 'forward');
    const { item } = await read<ItemResponse<{ readonly version: string }>>(admin, '/api/v1/summary');
    assert.equal(item.version, '1.0.0');
  });

  test('the probe port serves probes and metrics, and nothing else', async (t) => {
    const cluster = await clusterWithGateway(t);
    const { probes, admin } = await runController(t, cluster);
    assert.equal(admin, null, 'off');
    for (const path of ['/api/v1/', '/api/v1/gateways', '/api/v1/events', '/status', '/config', '/explain']) {
      assert.equal((await fetch(`http://${probes}${path}`)).status, 404, path);
    }
  });

  test('an address that cannot be had stops no controller', async (t) => {
    const cluster = await clusterWithGateway(t);
    const first = await runController(t, cluster, { admin: ANY_PORT, identity: 'a' });
    const [host = '', port = ''] = first.admin?.split(':') ?? [];
    const second = await runController(t, cluster, {
      admin: { host, port: Number(port) },
      identity: 'b',
    });
    assert.equal(second.admin, null);
    assert.equal((await fetch(`http://${second.probes}/readyz`)).status, 200);
  });
});
