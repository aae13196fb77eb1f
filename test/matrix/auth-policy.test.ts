/**
 * AuthPolicy: method × credentials × version of HTTP × kind of request. What is refused does not reach the backend, and has the form that
 * its client reads, with CORS fields; what is allowed goes on as if there were no policy.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test, type TestContext } from 'node:test';
import type { AuthMethod } from '../../src/ir/auth.ts';
import type { Filter } from '../../src/ir/filter.ts';
import {
  apiKey,
  authCheck,
  authPolicy,
  basic,
  basicField,
  ISSUER,
  jwt,
  keySet,
  secrets,
} from '../support/auth-policy.ts';
import { testBackend, testCluster, testConfig } from '../support/gateway-config.ts';
import type { Field } from '../support/reference-hpack.ts';
import { exchangeOnce, type Received, type Sent, type Version } from '../support/reply-client.ts';
import { ScriptedBackend, type Script } from '../support/scripted-backend.ts';
import { TestProxy } from '../support/test-proxy.ts';
import { jwksOf, signingKey, signToken } from '../support/token-issuer.ts';

const KEY = signingKey('ES256', 'one');
const TOKEN = signToken(KEY, { iss: ISSUER, aud: 'shop', sub: 'ada', exp: Date.now() / 1_000 + 3_600 });
const ORIGIN = 'https://app.example';

type Credentials = 'valid' | 'bad' | 'none';
type Kind = 'GET' | 'POST' | 'WebSocket' | 'gRPC' | 'gRPC-Web';

interface Method {
  readonly method: AuthMethod;
  readonly fields: Readonly<Record<Exclude<Credentials, 'none'>, Field>>;
  readonly challenges: number;
}

const METHODS: Readonly<Record<string, Method>> = {
  jwt: {
    method: jwt(),
    fields: {
      valid: ['authorization', `Bearer ${TOKEN}`],
      bad: ['authorization', `Bearer ${TOKEN.slice(0, -4)}AAAA`],
    },
    challenges: 1,
  },
  basic: {
    method: basic(),
    fields: {
      valid: ['authorization', basicField('ada', 'right')],
      bad: ['authorization', basicField('ada', 'wrong')],
    },
    challenges: 1,
  },
  apiKey: {
    method: apiKey(),
    fields: { valid: ['x-api-key', 'the-key'], bad: ['x-api-key', 'other'] },
    challenges: 0,
  },
};

const CORS: Filter = {
  kind: 'cors',
  allowOrigins: [ORIGIN],
  allowCredentials: true,
  allowMethods: ['GET', 'POST'],
  allowHeaders: ['authorization'],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};

const UPGRADE: readonly Field[] = [
  ['connection', 'upgrade, close'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'AQIDBAUGBwgJCgsMDQ4PEA=='],
];

function requestOf(kind: Kind, version: Version): Partial<Sent> {
  switch (kind) {
    case 'GET':
      return {};
    case 'POST':
      return { method: 'POST', body: 'halfrest' };
    case 'WebSocket':
      return version === 'HTTP/1.1'
        ? { fields: UPGRADE }
        : { method: 'CONNECT', protocol: 'websocket', fields: [['sec-websocket-version', '13']] };
    case 'gRPC':
      return { method: 'POST', fields: [['content-type', 'application/grpc']], body: '\0\0\0\0\0' };
    case 'gRPC-Web':
      return { method: 'POST', fields: [['content-type', 'application/grpc-web']], body: '\0\0\0\0\0' };
  }
}

const ANSWERING: Script = async (connection) => {
  for (;;) {
    const head = await connection.readThrough('\r\n\r\n');
    const key = /^sec-websocket-key: (.*)\r$/im.exec(head)?.[1];
    if (key === undefined) {
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      continue;
    }
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    const fields = `connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-accept: ${accept}`;
    connection.send(`HTTP/1.1 101 Switching Protocols\r\n${fields}\r\n\r\n`);
    connection.end();
  }
};

interface Scene {
  readonly proxy: TestProxy;
  readonly backend: ScriptedBackend;
}

/** gRPC-Web is translated for backends of HTTP/2 alone. */
async function serve(t: TestContext, { method }: Method, kind: Kind): Promise<Scene> {
  const backend = await ScriptedBackend.start(ANSWERING);
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], filters: [CORS], policies: [authPolicy(authCheck([method]))] }],
    clusters: [testCluster('a', { protocol: kind === 'gRPC-Web' ? 'h2' : 'http1' })],
    endpoints: { a: [backend.port] },
    settings: { grpcWeb: true },
    keySets: [keySet({ kind: 'inline', jwks: jwksOf(KEY) })],
    secrets: secrets({ ada: 'right' }, { app: 'the-key' }),
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, backend };
}

const all = ({ fields }: Received, name: string): readonly string[] =>
  fields.filter(([key]) => key === name).map(([, value]) => value);

function checkRefusal(received: Received, kind: Kind, version: Version, challenges: number): void {
  // HTTP/1.1 carries gRPC only as gRPC-Web.
  const isGrpc = kind === 'gRPC-Web' || (kind === 'gRPC' && version === 'HTTP/2');
  assert.equal(received.status, isGrpc ? 200 : 401);
  // A gRPC-Web client reads trailers in the body.
  if (kind === 'gRPC-Web') assert.match(received.body, /grpc-status: 16\r\n/);
  else if (isGrpc) assert.deepEqual(all(received, 'grpc-status'), ['16']);
  assert.equal(all(received, 'www-authenticate').length, challenges);
  assert.deepEqual(all(received, 'access-control-allow-origin'), [ORIGIN]);
  assert.deepEqual(all(received, 'access-control-allow-credentials'), ['true']);
}

suite('AuthPolicy', () => {
  for (const [name, method] of Object.entries(METHODS))
    for (const version of ['HTTP/1.1', 'HTTP/2'] as const)
      for (const kind of ['GET', 'POST', 'WebSocket', 'gRPC', 'gRPC-Web'] as const)
        for (const credentials of ['valid', 'bad', 'none'] as const) {
          // The backend of this test speaks HTTP/1.1.
          if (kind === 'gRPC-Web' && credentials === 'valid') continue;
          test(`${name}, ${credentials}: ${kind} over ${version}`, async (t) => {
            const { proxy, backend } = await serve(t, method, kind);
            const request = requestOf(kind, version);
            const own = credentials === 'none' ? [] : [method.fields[credentials]];
            const received = await exchangeOnce(proxy, version, {
              method: 'GET',
              path: '/x',
              ...request,
              fields: [['origin', ORIGIN], ...own, ...(request.fields ?? [])],
            });
            if (credentials === 'valid') {
              assert.equal(received.status, kind === 'WebSocket' && version === 'HTTP/1.1' ? 101 : 200);
              assert.equal(backend.connections.length, 1);
              return;
            }
            checkRefusal(received, kind, version, method.challenges);
            assert.equal(backend.connections.length, 0, 'nothing reaches the backend');
          });
        }

  test('a preflight needs no credentials, and does not reach the backend', async (t) => {
    for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
      const { proxy, backend } = await serve(t, METHODS['jwt'] as Method, 'GET');
      const received = await exchangeOnce(proxy, version, {
        method: 'OPTIONS',
        path: '/x',
        fields: [
          ['origin', ORIGIN],
          ['access-control-request-method', 'GET'],
          ['access-control-request-headers', 'authorization'],
        ],
      });
      assert.equal(received.status, 204);
      assert.equal(backend.connections.length, 0);
    }
  });
});
