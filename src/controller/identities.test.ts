/** Rotation of authorities: at any time, all peers that renew on time trust each other. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { startCluster, type KubeCluster } from '../../test/support/kube-cluster.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import { KubeClient } from '../kubeapi/client.ts';
import { Identities, identityOf, type KeyedCertificate } from './identities.ts';

const WEB = gatewayDataPlane({ namespace: 'default', name: 'web' });
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 730;
const IDENTITY_DAYS = 90;

interface Bench extends KubeCluster {
  readonly client: KubeClient;
  /** Days since the first authority was made, which is `agoDays` before now. */
  day: number;
  readonly now: () => number;
  readonly open: () => Promise<Identities>;
}

async function start(t: TestContext, agoDays = 0): Promise<Bench> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.apiServer);
  t.after(async () => {
    client.close();
    await cluster.api.stop();
  });
  const beginMs = Date.now() - agoDays * DAY_MS;
  const bench: Bench = {
    ...cluster,
    client,
    day: 0,
    now: () => beginMs + bench.day * DAY_MS,
    open: () => Identities.open(client, 'sluice-system', bench.now),
  };
  return bench;
}

interface Holder {
  readonly certificate: X509Certificate;
  readonly trusted: readonly X509Certificate[];
}

const split = (pem: string): readonly X509Certificate[] =>
  pem.split(/(?<=-----END CERTIFICATE-----\n)/u).map((one) => new X509Certificate(one));

const holder = (keyed: KeyedCertificate, caPem: string): Holder => ({
  certificate: new X509Certificate(keyed.certificatePem),
  trusted: split(caPem),
});

/** As a TLS peer would at that time. */
function isTrusted({ trusted }: Holder, { certificate }: Holder, nowMs: number): boolean {
  const isValid = ({ validFromDate, validToDate }: X509Certificate): boolean =>
    validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();
  return (
    isValid(certificate) &&
    trusted.some((one) => isValid(one) && certificate.checkIssued(one) && certificate.verify(one.publicKey))
  );
}

const caSecret = (bench: Bench): Readonly<Record<string, string>> =>
  bench.get('Secret', 'sluice-system', 'sluice-ca')['data'] as Readonly<Record<string, string>>;

suite('identities', () => {
  test('over five years, peers renewed within a month trust each other', async (t) => {
    const bench = await start(t);
    const identities = await bench.open();
    const issued: (Holder & { readonly day: number })[] = [];
    for (bench.day = 0; bench.day < 5 * 365; bench.day += 10) {
      await identities.refresh();
      const proxy = await identities.controllerCertificate(['proxy']);
      issued.push({ ...holder(proxy, identities.caPem), day: bench.day });
      const living = issued.filter(({ day }) => bench.day - day <= 30);
      for (const one of living) {
        for (const other of living) {
          assert.ok(isTrusted(one, other, bench.now()), `day ${bench.day}: of ${one.day}, of ${other.day}`);
        }
      }
      assert.ok(split(identities.caPem).length <= 2);
    }
    const authorities = new Set(issued.flatMap(({ trusted }) => trusted.map((one) => one.fingerprint256)));
    assert.equal(authorities.size, 4);
  });

  test('at each limit, a day before and a day after', async (t) => {
    const bench = await start(t);
    const identities = await bench.open();
    const first = caSecret(bench)['tls.crt'];
    const at = async (day: number): Promise<{ trusted: number; isFirst: boolean; places: string[] }> => {
      bench.day = day;
      await identities.refresh();
      const [authority] = split(Buffer.from(first ?? '', 'base64').toString('utf8'));
      const { certificatePem } = await identities.controllerCertificate(['c']);
      assert.ok(authority);
      return {
        trusted: split(identities.caPem).length,
        isFirst: new X509Certificate(certificatePem).checkIssued(authority),
        places: Object.keys(caSecret(bench)).toSorted(),
      };
    };
    const alone = ['ca.crt', 'session.key', 'tls.crt', 'tls.key'];
    const both = ['ca.crt', 'next.crt', 'next.key', 'session.key', 'tls.crt', 'tls.key'];
    const successor = AUTHORITY_DAYS - 2 * IDENTITY_DAYS;
    assert.deepEqual(await at(successor - 1), { trusted: 1, isFirst: true, places: alone });
    assert.deepEqual(await at(successor + 1), { trusted: 2, isFirst: true, places: both });
    assert.deepEqual(await at(AUTHORITY_DAYS - IDENTITY_DAYS - 1), {
      trusted: 2,
      isFirst: true,
      places: both,
    });
    assert.deepEqual(await at(AUTHORITY_DAYS - IDENTITY_DAYS + 1), {
      trusted: 2,
      isFirst: false,
      places: both,
    });
    assert.deepEqual(await at(AUTHORITY_DAYS - 1), { trusted: 2, isFirst: false, places: both });
    assert.deepEqual(await at(AUTHORITY_DAYS + 1), { trusted: 1, isFirst: false, places: alone });
  });

  test('an identity is fresh until it runs out, or its authority is succeeded', async (t) => {
    const bench = await start(t);
    const identities = await bench.open();
    const secret = { namespace: 'default', name: 'web-identity' };
    const isFresh = (): boolean =>
      identities.isFresh(bench.get('Secret', 'default', 'web-identity'), 'uid-1');
    await identities.issueProxySecret({ dataPlane: WEB, uid: 'uid-1' }, secret);
    bench.day = IDENTITY_DAYS - 31;
    assert.equal(isFresh(), true);
    bench.day = IDENTITY_DAYS - 29;
    assert.equal(isFresh(), false);
    for (const day of [AUTHORITY_DAYS - 2 * IDENTITY_DAYS - 1, AUTHORITY_DAYS - IDENTITY_DAYS - 1]) {
      bench.day = day;
      await identities.refresh();
      await identities.issueProxySecret({ dataPlane: WEB, uid: 'uid-1' }, secret);
      assert.equal(isFresh(), true);
      bench.day += 2;
      await identities.refresh();
      assert.equal(isFresh(), false, 'others are trusted, or another one signs');
    }
  });

  test('every replica derives the same session key for a Gateway, and it outlives certificates', async (t) => {
    const bench = await start(t);
    const secret = { namespace: 'default', name: 'web-identity' };
    const keyOf = async (identities: Identities, gateway: string): Promise<unknown> => {
      await identities.issueProxySecret(
        { dataPlane: gatewayDataPlane({ namespace: 'default', name: gateway }), uid: 'uid-1' },
        secret,
      );
      const { data } = bench.get('Secret', 'default', 'web-identity') as { data?: Record<string, string> };
      return data?.['session.key'];
    };
    const [one, other] = [await bench.open(), await bench.open()];
    const key = await keyOf(one, 'web');
    assert.ok(typeof key === 'string' && Buffer.from(key, 'base64').length >= 32);
    assert.equal(await keyOf(other, 'web'), key);
    assert.notEqual(await keyOf(one, 'shop'), key);
    bench.day = AUTHORITY_DAYS + 1;
    await one.refresh();
    assert.equal(await keyOf(one, 'web'), key);
  });

  test('replicas that start, or find that it is time, at once agree', async (t) => {
    const bench = await start(t);
    const replicas = await Promise.all([bench.open(), bench.open(), bench.open()]);
    for (const day of [0, AUTHORITY_DAYS - 2 * IDENTITY_DAYS + 1, AUTHORITY_DAYS + 1]) {
      bench.day = day;
      await Promise.all(replicas.map((one) => one.refresh()));
      const [first, ...rest] = await Promise.all(
        replicas.map(async (one) => {
          const { certificatePem } = await one.replicaCertificate('r');
          return [one.caPem, new X509Certificate(certificatePem).issuer];
        }),
      );
      for (const other of rest) assert.deepEqual(other, first);
    }
  });

  test('a controller that was away until every authority expired starts over', async (t) => {
    const bench = await start(t);
    await bench.open();
    bench.day = 3 * 365;
    const identities = await bench.open();
    const keyed = await identities.controllerCertificate(['c']);
    const one = holder(keyed, identities.caPem);
    assert.ok(isTrusted(one, one, bench.now()));
    assert.equal(one.trusted.length, 1);
  });

  test('with the successor signing, a proxy of the old authority and the controller of the new one meet', async (t) => {
    const bench = await start(t, AUTHORITY_DAYS - IDENTITY_DAYS + 10);
    const identities = await bench.open();
    bench.day = AUTHORITY_DAYS - IDENTITY_DAYS - 20;
    await identities.refresh();
    const old = { ...(await identities.replicaCertificate('r')), ca: identities.caPem };
    bench.day = AUTHORITY_DAYS - IDENTITY_DAYS + 10;
    await identities.refresh();
    const now = await identities.controllerCertificate(['localhost']);
    assert.ok(Math.abs(bench.now() - Date.now()) < DAY_MS);
    assert.notEqual(
      new X509Certificate(now.certificatePem).issuer,
      new X509Certificate(old.certificatePem).issuer,
    );
    const server = createServer({
      cert: now.certificatePem,
      key: now.keyPem,
      ca: identities.caPem,
      requestCert: true,
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const client = connect({
      host: '127.0.0.1',
      port,
      servername: 'localhost',
      ca: old.ca,
      cert: old.certificatePem,
      key: old.keyPem,
    });
    t.after(() => {
      client.destroy();
      server.close();
    });
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const [[socket]] = await Promise.all([accepted, once(client, 'secureConnect')]);
    assert.deepEqual(identityOf(socket.getPeerCertificate().subjectaltname), {
      kind: 'replica',
      name: 'r',
    });
  });

  test('a certificate names its data plane and a UID; those of earlier versions are read too', () => {
    const proxy = (dataPlane: string, uid: string): unknown => ({ kind: 'proxy', dataPlane, uid });
    assert.deepEqual(identityOf('URI:sluice://gateway/shop/web/uid-1'), proxy('gateway/shop/web', 'uid-1'));
    assert.deepEqual(identityOf('DNS:a, URI:sluice://gateway/shop/web'), proxy('gateway/shop/web', ''));
    assert.deepEqual(identityOf('URI:sluice://mesh/sluice/uid-2'), proxy('mesh/sluice', 'uid-2'));
    const others = ['gateway/shop', 'gateway//web/uid', 'gateway/shop/web/uid/more', 'mesh', 'node/a/uid'];
    for (const path of others) assert.equal(identityOf(`URI:sluice://${path}`), null, path);
    for (const text of [undefined, '', 'DNS:gateway/shop/web', 'URI:spiffe://gateway/shop/web/uid']) {
      assert.equal(identityOf(text), null);
    }
  });
});
