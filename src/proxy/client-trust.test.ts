/** Clients that are connected when their listener starts to demand client certificates, or stops to trust a CA. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { mint, mintCertificate, strangerAuthority, testAuthority } from '../../test/support/certificates.ts';
import { H2Peer } from '../../test/support/h2-peer.ts';
import { headers, PREFACE, request, settings } from '../../test/support/h2-frames.ts';
import { https, l4Config } from '../../test/support/l4-config.ts';
import { RawClient } from '../../test/support/raw-client.ts';
import { ScriptedBackend, answering } from '../../test/support/scripted-backend.ts';
import { dialTls } from '../../test/support/tls-client.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { HttpListener } from '../ir/listener.ts';
import type { Certificate, ClientValidation } from '../ir/tls.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { isNarrowed } from './net/client-trust.ts';
import { createProxy } from './proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';

interface Scene {
  readonly certificate: Certificate;
  readonly required: ClientValidation;
  readonly apply: (...listeners: HttpListener[]) => Promise<number>;
  readonly listener: (hostname: string, validation?: ClientValidation) => HttpListener;
}

async function scene(t: TestContext): Promise<Scene> {
  const backend = await ScriptedBackend.start(answering('ok'));
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const caPem = (await testAuthority()).certificatePem;
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [] },
    { bindAddress: '127.0.0.1', portMap: new Map([[443, 0]]), reusePort: false },
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const configOf = (listeners: readonly HttpListener[]): GatewayConfig =>
    l4Config({ tcp: { 443: listeners }, certificates: [certificate], endpoints: { web: [backend.port] } });
  return {
    certificate,
    required: { caPem, mode: 'required' },
    apply: async (...listeners) => {
      const { ports } = await proxy.apply([configOf(listeners)]);
      return ports[0]?.boundPort ?? assert.fail('not bound');
    },
    listener: (hostname, validation) =>
      https(hostname, certificate, 'web', validation === undefined ? {} : { clientValidation: validation }),
  };
}

async function connect(t: TestContext, port: number, options = {}): Promise<RawClient> {
  const { socket, error } = await dialTls(port, { servername: 'a.example', ...options });
  assert.equal(error, null);
  t.after(() => socket.destroy());
  return new RawClient(socket);
}

/** Sends a request; `close` when the answer ends the connection. */
async function ask(client: RawClient): Promise<string> {
  client.send(GET);
  const response = await client.readResponse();
  return `${response.status} ${response.header('connection') ?? 'kept'}`;
}

suite('connected TLS clients', () => {
  test('HTTP/1.1: a listener that starts to demand certificates lets go of those without', async (t) => {
    const { apply, listener, required } = await scene(t);
    const port = await apply(listener(''), listener('other.example'));
    const client = await connect(t, port);
    const busy = await connect(t, port);
    const other = await connect(t, port, { servername: 'other.example' });
    assert.equal(await ask(client), '200 kept');
    busy.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 2\r\n\r\n');
    await apply(listener('', required), listener('other.example'));
    assert.equal(await ask(client), '200 close');
    await client.waitForEnd();
    // A request that has begun is answered, and is the last.
    busy.send('ab');
    assert.equal((await busy.readResponse()).header('connection'), 'close');
    await busy.waitForEnd();
    other.send('GET / HTTP/1.1\r\nHost: other.example\r\n\r\n');
    assert.equal((await other.readResponse()).header('connection'), undefined);
  });

  test('HTTP/1.1: an idle client is disconnected', async (t) => {
    const { apply, listener, required } = await scene(t);
    const client = await connect(t, await apply(listener('')));
    assert.equal(await ask(client), '200 kept');
    await apply(listener('', required));
    await client.waitForEnd();
    assert.equal(client.received, '');
  });

  test('HTTP/2: GOAWAY', async (t) => {
    const { apply, listener, required } = await scene(t);
    const peer = new H2Peer(await connect(t, await apply(listener('')), { ALPNProtocols: ['h2'] }));
    peer.send(PREFACE, settings());
    await peer.exchangeSettings();
    peer.send(headers(1, request({ ':scheme': 'https' }), true));
    assert.equal((await peer.message(1)).body, 'ok');
    await apply(listener('', required));
    assert.equal((await peer.goneAway()).name, 'noError');
  });

  test('a CA that is taken away lets go of its clients; one that is added does not', async (t) => {
    const { apply, listener, required } = await scene(t);
    const leaf = await mint(['client'], { usage: 'client' });
    const identity = { cert: leaf.certificatePem, key: leaf.keyPem };
    const stranger = (await strangerAuthority()).certificatePem;
    const client = await connect(t, await apply(listener('', required)), identity);
    assert.equal(await ask(client), '200 kept');
    await apply(listener('', { ...required, caPem: `${required.caPem}\n${stranger}` }));
    assert.equal(await ask(client), '200 kept');
    await apply(listener('', { ...required, caPem: stranger }));
    assert.equal(await ask(client), '200 close');
  });

  test('a stricter listener that takes over the host of one that is removed lets go of its clients', async (t) => {
    const { apply, listener, required } = await scene(t);
    const port = await apply(listener('a.example'), listener('', required));
    const client = await connect(t, port);
    assert.equal(await ask(client), '200 kept');
    await apply(listener('', required));
    assert.equal(await ask(client), '200 close');
  });

  test('changes that ask no more of clients keep them', async (t) => {
    const { apply, listener, required } = await scene(t);
    const client = await connect(t, await apply(listener('')));
    for (const validation of [{ ...required, mode: 'optional' as const }, undefined]) {
      await apply(listener('', validation), listener('b.example', required));
      assert.equal(await ask(client), '200 kept');
    }
  });
});

test('validation is narrowed when a client that was let in would be refused', () => {
  const pem = (text: string): string => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  const required = (...texts: string[]): ClientValidation => ({
    mode: 'required',
    caPem: texts.map(pem).join(''),
  });
  const optional: ClientValidation = { mode: 'optional', caPem: pem('A') };
  assert.equal(isNarrowed(null, null), false);
  assert.equal(isNarrowed(null, optional), false);
  assert.equal(isNarrowed(null, required('A')), true);
  assert.equal(isNarrowed(optional, required('A')), true);
  assert.equal(isNarrowed(required('A'), optional), false);
  assert.equal(isNarrowed(required('A'), null), false);
  assert.equal(isNarrowed(required('A', 'B'), required('B', 'A')), false);
  assert.equal(isNarrowed(required('A', 'B'), required('A')), true);
  assert.equal(isNarrowed(required('A\nB'), required('AB')), false);
});
