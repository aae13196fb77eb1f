/**
 * External auth × protocol of the auth server × verdict × version of HTTP × kind of request. Nothing reaches the backend or a mirror before
 * the verdict, and nothing at all after a refusal.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test, type TestContext } from 'node:test';
import { clusterId } from '../../src/ir/ids.ts';
import type { Filter } from '../../src/ir/filter.ts';
import { testBackend, testCluster, testConfig } from '../support/gateway-config.ts';
import { startAuthServer } from '../support/grpc-auth-server.ts';
import { data, headers, request } from '../support/h2-frames.ts';
import { H2Peer, valueOf } from '../support/h2-peer.ts';
import { RawClient } from '../support/raw-client.ts';
import type { Field } from '../support/reference-hpack.ts';
import { auth } from '../support/reply-scenes.ts';
import { ScriptedBackend } from '../support/scripted-backend.ts';
import { TestProxy } from '../support/test-proxy.ts';

type Protocol = 'http' | 'grpc';
type Version = 'HTTP/1.1' | 'HTTP/2';
/** `stalled`: a body of which the second half does not come before the verdict. */
type Kind = 'bodiless' | 'body' | 'stalled' | 'upgrade' | 'mirrored';
type Verdict = 'allow' | 'deny';

const PROTOCOLS: readonly Protocol[] = ['http', 'grpc'];
const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const KINDS: readonly Kind[] = ['bodiless', 'body', 'stalled', 'upgrade', 'mirrored'];
const VERDICTS: readonly Verdict[] = ['allow', 'deny'];

const ALLOWED = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
const DENIED = 'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno';
const WEBSOCKET: readonly Field[] = [['sec-websocket-version', '13']];

const hasBody = (kind: Kind): boolean => kind === 'body' || kind === 'stalled';

interface Ask {
  /** Sends what is there of the request before the verdict. */
  begin(): void;
  /** Sends the rest, where something was held back. */
  finish(): void;
  status(): Promise<number>;
}

async function askHttp1(t: TestContext, port: number, kind: Kind): Promise<Ask> {
  const client = await RawClient.connect(port);
  t.after(() => client.destroy());
  const upgrade =
    'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n';
  const more = kind === 'upgrade' ? upgrade : hasBody(kind) ? 'Content-Length: 8\r\n' : '';
  const method = hasBody(kind) ? 'POST' : 'GET';
  const body = kind === 'body' ? 'halfrest' : kind === 'stalled' ? 'half' : '';
  return {
    begin: () => client.send(`${method} /x HTTP/1.1\r\nHost: a.example\r\n${more}\r\n${body}`),
    finish: () => client.send(kind === 'stalled' ? 'rest' : ''),
    status: async () => (await client.readResponse()).status,
  };
}

async function askHttp2(t: TestContext, port: number, kind: Kind): Promise<Ask> {
  const peer = await H2Peer.connect(port);
  t.after(() => peer.raw.destroy());
  const pseudo =
    kind === 'upgrade'
      ? { ':method': 'CONNECT', ':protocol': 'websocket' }
      : { ':method': hasBody(kind) ? 'POST' : 'GET' };
  const fields = kind === 'upgrade' ? WEBSOCKET : hasBody(kind) ? ([['content-length', '8']] as const) : [];
  const isWhole = kind === 'bodiless' || kind === 'mirrored';
  return {
    begin: () => {
      peer.send(
        headers(1, request({ ...pseudo, ':path': '/x' }, ...fields.map((f): Field => [...f])), isWhole),
      );
      if (kind === 'body') peer.send(data(1, 'halfrest', true));
      if (kind === 'stalled') peer.send(data(1, 'half'));
    },
    finish: () => {
      if (kind === 'stalled') peer.send(data(1, 'rest', true));
    },
    status: async () => Number(valueOf(await peer.fields(1), ':status')),
  };
}

const ASK = { 'HTTP/1.1': askHttp1, 'HTTP/2': askHttp2 };

interface Question {
  /** Resolves when the auth server has the question. */
  readonly asked: Promise<unknown>;
  /** Gives the verdict. */
  answer(verdict: Verdict): void;
  readonly port: number;
}

async function httpAuth(t: TestContext): Promise<Question> {
  const server = await ScriptedBackend.start();
  t.after(() => server.stop());
  let connection: RawClient | null = null;
  const asked = server.connection().then(async (accepted) => {
    connection = accepted;
    await accepted.waitFor('\r\n\r\n');
  });
  return {
    port: server.port,
    asked,
    answer: (verdict) => connection?.send(verdict === 'allow' ? ALLOWED : DENIED),
  };
}

async function grpcAuth(t: TestContext, verdict: Verdict): Promise<Question> {
  const server = await startAuthServer(t, () =>
    verdict === 'allow' ? { status: { code: 0 } } : { status: { code: 7 }, denied_response: {} },
  );
  return { port: server.port, asked: server.firstQuestion, answer: () => undefined };
}

async function start(t: TestContext, protocol: Protocol, port: number, filters: readonly Filter[]) {
  const backend = await ScriptedBackend.start();
  const mirror = await ScriptedBackend.start();
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], filters }],
    clusters: [
      testCluster('a'),
      testCluster('mirror'),
      testCluster('auth', { protocol: protocol === 'grpc' ? 'h2' : 'http1' }),
    ],
    endpoints: { a: [backend.port], mirror: [mirror.port], auth: [port] },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await mirror.stop();
  });
  return { proxy, backend, mirror };
}

const COPY: Filter = {
  kind: 'mirror',
  cluster: clusterId('mirror'),
  origin: { kind: 'Service', namespace: 'test', name: 'mirror' },
  numerator: 1,
  denominator: 1,
};

/** The backend's side of an exchange that is allowed. */
async function serveAllowed(upstream: RawClient, kind: Kind, client: Ask): Promise<void> {
  const head = await upstream.readThrough('\r\n\r\n');
  if (kind === 'body') await upstream.waitFor('halfrest');
  if (kind === 'stalled') {
    await upstream.waitFor('half');
    client.finish();
    await upstream.waitFor('halfrest');
  }
  if (kind !== 'upgrade') {
    upstream.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    return;
  }
  const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  upstream.send(
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n' +
      `sec-websocket-accept: ${accept}\r\n\r\n`,
  );
}

/** Connections are accepted in their order: one of ours is the first. */
async function assertUntouched(t: TestContext, server: ScriptedBackend): Promise<void> {
  const own = await RawClient.connect(server.port);
  t.after(() => own.destroy());
  own.send('own');
  await (await server.connection()).waitFor(/^own$/);
  assert.equal(server.connections.length, 1);
}

suite('external auth', () => {
  for (const protocol of PROTOCOLS)
    for (const version of VERSIONS)
      for (const kind of KINDS)
        for (const verdict of VERDICTS) {
          test(`${protocol}, ${verdict}: ${kind} over ${version}`, async (t) => {
            const question = await (protocol === 'http' ? httpAuth(t) : grpcAuth(t, verdict));
            const filters = kind === 'mirrored' ? [COPY, auth(protocol)] : [auth(protocol)];
            const { proxy, backend, mirror } = await start(t, protocol, question.port, filters);
            const client = await ASK[version](t, proxy.port, kind);
            client.begin();
            await question.asked;
            if (protocol === 'http')
              assert.equal(backend.connections.length, 0, 'nothing before the verdict');
            question.answer(verdict);
            if (verdict === 'deny') {
              assert.equal(await client.status(), 403);
              await proxy.stop();
              await assertUntouched(t, backend);
              await assertUntouched(t, mirror);
              return;
            }
            const upstream = await backend.connection();
            await serveAllowed(upstream, kind, client);
            assert.equal(await client.status(), kind === 'upgrade' && version === 'HTTP/1.1' ? 101 : 200);
            if (kind === 'mirrored') await (await mirror.connection()).waitFor('\r\n\r\n');
          });
        }

  for (const version of VERSIONS) {
    test(`http: an auth server that answers 101 gives no verdict, over ${version}`, async (t) => {
      const server = await ScriptedBackend.start();
      t.after(() => server.stop());
      const { proxy, backend } = await start(t, 'http', server.port, [auth('http')]);
      const client = await ASK[version](t, proxy.port, 'bodiless');
      client.begin();
      const asked = await server.connection();
      await asked.waitFor('\r\n\r\n');
      asked.send('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
      assert.equal(await client.status(), 403);
      assert.equal(proxy.records[0]?.reason, 'auth_unavailable');
      assert.equal(backend.connections.length, 0);
    });

    test(`http: a body that is forwarded to the auth server is waited for, over ${version}`, async (t) => {
      const server = await ScriptedBackend.start();
      t.after(() => server.stop());
      const { proxy, backend } = await start(t, 'http', server.port, [auth('http', 8)]);
      const waiting = await ASK[version](t, proxy.port, 'stalled');
      waiting.begin();
      const whole = await ASK[version](t, proxy.port, 'body');
      whole.begin();
      const first = await server.connection();
      await first.waitFor('halfrest');
      first.send(DENIED);
      assert.equal(await whole.status(), 403);
      assert.equal(server.connections.length, 1, 'half a body asks nothing');
      await first.readThrough('halfrest');
      waiting.finish();
      await first.waitFor('halfrest');
      first.send(ALLOWED);
      await serveAllowed(await backend.connection(), 'body', waiting);
      assert.equal(await waiting.status(), 200);
    });
  }
});
