/**
 * Access policies × kind of request × version of HTTP × verdict. A refused request reaches no backend, its response has the CORS fields of
 * the route and the form that its client reads, and what an untrusted client says about its address counts for nothing.
 */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { Filter } from '../../src/ir/filter.ts';
import { accessPolicy, accessValue } from '../support/access-policies.ts';
import { testBackend, testCluster, testConfig } from '../support/gateway-config.ts';
import { readFrames } from '../support/grpc-web.ts';
import { exchangeOnce, type Received, type Sent, type Version } from '../support/reply-client.ts';
import type { Field } from '../support/reference-hpack.ts';
import { answering, ScriptedBackend } from '../support/scripted-backend.ts';
import { TestProxy } from '../support/test-proxy.ts';

const ORIGIN = 'https://app.example';
const CORS: Filter = {
  kind: 'cors',
  allowOrigins: [ORIGIN],
  allowCredentials: false,
  allowMethods: ['GET', 'POST'],
  allowHeaders: [],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};
/** What a client may try in order to seem to come from the office. */
const SPOOFED: readonly Field[] = [
  ['x-forwarded-for', '203.0.113.7'],
  ['x-real-ip', '203.0.113.7'],
  ['forwarded', 'for=203.0.113.7'],
  ['cf-connecting-ip', '203.0.113.7'],
  ['true-client-ip', '203.0.113.7'],
];

const GET: Sent = { method: 'GET', path: '/x', fields: [] };
const UPGRADE: readonly Field[] = [
  ['connection', 'upgrade, close'],
  ['upgrade', 'websocket'],
  ['sec-websocket-version', '13'],
  ['sec-websocket-key', 'AQIDBAUGBwgJCgsMDQ4PEA=='],
];
const call = (contentType: string): Sent => ({
  method: 'POST',
  path: '/shop.Cart/Add',
  fields: [['content-type', contentType]],
  body: '\0\0\0\0\0',
});

interface Kind {
  readonly name: string;
  readonly sent: Sent;
  readonly versions: readonly Version[];
  /** What a client of this kind reads as a refusal. */
  readonly isRefusal: (response: Received) => boolean;
}

const BOTH: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const valueOf = ({ fields }: Received, name: string): string | undefined =>
  fields.find(([each]) => each.toLowerCase() === name)?.[1];
const is403 = ({ status }: Received): boolean => status === 403;
const webStatus = ({ body }: Received): string | undefined =>
  readFrames(Buffer.from(body, 'latin1')).trailers?.['grpc-status'];

const KINDS: readonly Kind[] = [
  { name: 'a GET', sent: GET, versions: BOTH, isRefusal: is403 },
  { name: 'a HEAD', sent: { ...GET, method: 'HEAD' }, versions: BOTH, isRefusal: is403 },
  {
    name: 'a body',
    sent: { ...GET, method: 'POST', body: 'x'.repeat(100) },
    versions: BOTH,
    isRefusal: is403,
  },
  {
    name: 'a body that never ends',
    sent: { ...GET, method: 'POST', body: 'x'.repeat(100), unfinished: 'body' },
    versions: BOTH,
    isRefusal: is403,
  },
  { name: 'a WebSocket', sent: { ...GET, fields: UPGRADE }, versions: ['HTTP/1.1'], isRefusal: is403 },
  {
    name: 'a WebSocket',
    sent: { ...GET, method: 'CONNECT', protocol: 'websocket', fields: [['sec-websocket-version', '13']] },
    versions: ['HTTP/2'],
    isRefusal: is403,
  },
  {
    name: 'a gRPC call',
    sent: call('application/grpc'),
    versions: ['HTTP/2'],
    isRefusal: (response) => response.status === 200 && valueOf(response, 'grpc-status') === '7',
  },
  {
    name: 'a gRPC-Web call',
    sent: call('application/grpc-web+proto'),
    versions: BOTH,
    isRefusal: (response) =>
      response.status === 200 && (valueOf(response, 'grpc-status') ?? webStatus(response)) === '7',
  },
];

async function serve(
  t: TestContext,
  ranges: readonly string[],
  { mode = 'enforce', protocol = 'http1' }: { mode?: 'enforce' | 'audit'; protocol?: 'http1' | 'h2' } = {},
): Promise<{ readonly proxy: TestProxy; readonly backend: ScriptedBackend }> {
  const backend = await ScriptedBackend.start(answering('ok'));
  const config = testConfig({
    rules: [
      {
        backends: [testBackend('a')],
        filters: [CORS],
        policies: [accessValue(accessPolicy({ mode, rules: [{ clientCidrs: ranges }] }))],
      },
    ],
    clusters: [testCluster('a', { protocol })],
    endpoints: { a: [backend.port] },
    settings: { grpcWeb: true },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return { proxy, backend };
}

suite('access policies', () => {
  for (const { name, sent, versions, isRefusal } of KINDS)
    for (const version of versions) {
      const fields: Sent['fields'] = [...sent.fields, ['origin', ORIGIN], ...SPOOFED];

      test(`refuse ${name} over ${version} from outside, whatever it says about its address`, async (t) => {
        // A backend of HTTP/1.1 would be sent the call of gRPC-Web as it is.
        const protocol = name.includes('gRPC') ? 'h2' : 'http1';
        const { proxy, backend } = await serve(t, ['203.0.113.0/24'], { protocol });
        const response = await exchangeOnce(proxy, version, { ...sent, fields });
        assert.ok(isRefusal(response), JSON.stringify(response));
        assert.equal(valueOf(response, 'access-control-allow-origin'), ORIGIN);
        assert.equal(backend.connections.length, 0);
        assert.equal(proxy.records[0]?.reason, 'access_denied');
        assert.equal(proxy.records[0].clientIp, '127.0.0.1');
      });

      if (name.includes('never ends') || name.includes('gRPC') || name.includes('WebSocket')) continue;
      test(`let ${name} over ${version} through from inside, and from outside in mode Audit`, async (t) => {
        const inside = await serve(t, ['127.0.0.0/8']);
        assert.equal((await exchangeOnce(inside.proxy, version, sent)).status, 200);
        const audited = await serve(t, ['203.0.113.0/24'], { mode: 'audit' });
        assert.equal((await exchangeOnce(audited.proxy, version, sent)).status, 200);
        assert.equal(audited.proxy.records[0]?.wouldRefuse.length, 1);
      });
    }

  for (const version of BOTH) {
    test(`a preflight over ${version} is answered, so that the browser can read the refusal`, async (t) => {
      const { proxy } = await serve(t, ['203.0.113.0/24']);
      const fields: Sent['fields'] = [
        ['origin', ORIGIN],
        ['access-control-request-method', 'POST'],
      ];
      const response = await exchangeOnce(proxy, version, { method: 'OPTIONS', path: '/x', fields });
      assert.equal(response.status, 204);
    });
  }
});
