/** Who may follow which Gateway, and what a proxy that means harm can do: nothing to the others. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { encodeFrame, FrameReader } from '../../../src/configsync/frames.ts';
import { newestOf, OUR_VERSIONS } from '../../../src/configsync/versions.ts';
import type { ConfigUpdate, FromController } from '../../../src/configsync/protocol.ts';
import { SILENT_LOGGER } from '../../../src/telemetry/logger.ts';
import { runController, runProxy } from '../../support/controller-process.ts';
import { textOf, type JsonObject } from '../../support/fake-api/server-side-apply.ts';
import type { StoredObject } from '../../support/fake-api/store.ts';
import { clusterWithGateway, identityOf } from '../../support/gateway-cluster.ts';
import { gatewayObject, routeObject, type KubeCluster } from '../../support/kube-cluster.ts';

/** A stream with the identity in a Secret, before any message. */
function dial(t: TestContext, port: number, secret: StoredObject): TLSSocket {
  const data = secret['data'] as Readonly<Record<string, string>>;
  const file = (name: string): Buffer => Buffer.from(data[name] ?? '', 'base64');
  const [ca, cert, key] = [file('ca.crt'), file('tls.crt'), file('tls.key')];
  const socket = connect({ host: 'localhost', port, servername: 'localhost', ca, cert, key });
  t.after(() => socket.destroy());
  return socket.on('error', () => undefined);
}

const hello = (name: string): Buffer =>
  encodeFrame({ kind: 'hello', protocol: newestOf(OUR_VERSIONS.protocols), ...OUR_VERSIONS, name });

/** Says hello and returns the first update; null when the controller ends the stream instead. */
async function firstUpdate(socket: TLSSocket): Promise<ConfigUpdate | null> {
  const reader = new FrameReader(2 ** 20);
  socket.write(hello('x'));
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    for (const message of reader.push(chunk) as Iterable<FromController>) {
      if (message.kind === 'update') return message;
    }
  }
  return null;
}

/** As the proxy does: until the identity is known, it is refused. */
async function follow(t: TestContext, port: number, secret: StoredObject): Promise<void> {
  while ((await firstUpdate(dial(t, port, secret))) === null);
}

async function recreate(cluster: KubeCluster, name: string): Promise<void> {
  cluster.remove('Gateway', 'default', name);
  cluster.create(gatewayObject(name));
  await identityOf(cluster, name);
}

suite('identities of proxies', () => {
  for (const place of ['the leader', 'a follower'] as const) {
    test(`a proxy that acknowledges nonsense to ${place} is cut off; the other Gateways go on`, async (t) => {
      const cluster = await clusterWithGateway(t);
      cluster.create(
        gatewayObject('evil'),
        routeObject('evil', { gateway: 'evil', hostname: 'evil.example', service: 'shop' }),
      );
      const errors: string[] = [];
      const logger = { ...SILENT_LOGGER, error: (message: string) => errors.push(message) };
      const leader = await runController(t, cluster, { logger, identity: 'a' });
      await cluster.api.until(() => leader.isLeader);
      const attacked =
        place === 'the leader' ? leader : await runController(t, cluster, { logger, identity: 'b' });
      const { plane } = runProxy(t, attacked, { name: 'p1', secret: await identityOf(cluster, 'web') });
      await plane.until(({ hostnames }) => hostnames.includes('shop.example'));
      const secret = await identityOf(cluster, 'evil');
      await follow(t, attacked.configPort, secret);
      for (const nonsense of [
        { ports: {} },
        { problems: 5 },
        { refused: [{ gateway: 'default/evil', message: {} }] },
      ]) {
        const evil = dial(t, attacked.configPort, secret);
        const ack = { kind: 'ack', revision: 1, ports: [], refused: [], problems: [], ...nonsense };
        evil.write(Buffer.concat([hello('evil'), encodeFrame(ack)]));
        await once(evil.resume(), 'close');
      }
      cluster.patch('HTTPRoute', 'default', 'shop', { spec: { hostnames: ['next.example'] } });
      await plane.until(({ hostnames }) => hostnames.includes('next.example'));
      assert.deepEqual(errors, []);
    });
  }

  test('the certificate of a Gateway that was deleted is not one of its successor of the same name', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const old = await identityOf(cluster, 'web');
    await follow(t, controller.configPort, old);
    const open = dial(t, controller.configPort, old);
    open.write(hello('open'));
    await once(open, 'data');
    const closed = once(open.resume(), 'close');
    await recreate(cluster, 'web');
    await closed;
    await follow(t, controller.configPort, await identityOf(cluster, 'web'));
    assert.equal(await firstUpdate(dial(t, controller.configPort, old)), null);
  });

  test('an identity whose Secret was deleted is revoked; the one that replaces it is good', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const stolen = await identityOf(cluster, 'web');
    await follow(t, controller.configPort, stolen);
    cluster.remove('Secret', 'default', stolen.metadata.name);
    const certificate = ({ data }: StoredObject): unknown => (data as JsonObject)['tls.crt'];
    let next = await identityOf(cluster, 'web');
    while (certificate(next) === certificate(stolen)) next = await identityOf(cluster, 'web');
    await follow(t, controller.configPort, next);
    assert.equal(await firstUpdate(dial(t, controller.configPort, stolen)), null);
  });

  test('an identity that was issued before identities had a UID is replaced', async (t) => {
    const cluster = await clusterWithGateway(t);
    const controller = await runController(t, cluster);
    const { metadata } = await identityOf(cluster, 'web');
    const serials = (): string => {
      const { annotations } = cluster.get('Secret', 'default', metadata.name).metadata;
      return textOf((annotations as JsonObject)['gateway.sluice.dev/identity-serials'] ?? '');
    };
    const before = serials();
    assert.match(before, /^[0-9a-f]{32}$/);
    cluster.patch('Secret', 'default', metadata.name, {
      metadata: { annotations: { 'gateway.sluice.dev/identity-gateway-uid': '' } },
    });
    await cluster.api.until(() => serials() !== before);
    await follow(t, controller.configPort, cluster.get('Secret', 'default', metadata.name));
  });
});
