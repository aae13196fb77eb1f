/** gRPC-Web through the real CLI: hand-made calls over HTTP/1.1 and HTTP/2, and the official client for browsers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:http2';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import grpcWeb from 'grpc-web';
import { startGrpcServer, type GrpcServer } from '../support/grpc-peers.ts';
import { frame, fromBase64, readFrames, TestXhr, type WebAnswer } from '../support/grpc-web.ts';
import { startSluice } from '../support/sluice-process.ts';

const manifests = (grpcPort: number, enabled: boolean): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: ProxyConfig
metadata: { name: web, namespace: default }
spec: { proxy: { grpcWeb: ${String(enabled)} } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: sluice
  infrastructure:
    parametersRef: { group: gateway.sluice.dev, kind: ProxyConfig, name: web }
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: calls, namespace: default }
spec:
  parentRefs: [{ name: web }]
  hostnames: [localhost]
  rules:
    - matches: [{ method: { service: test.Echo } }]
      backendRefs: [{ name: echo, port: 50051 }]
    - matches: [{ method: { service: test.Gone } }]
      backendRefs: [{ name: gone, port: 50051 }]
---
# Browsers of other origins: a GRPCRoute has no CORS filter, an HTTPRoute to the same backend has.
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: browsers, namespace: default }
spec:
  parentRefs: [{ name: web }]
  hostnames: [api.example]
  rules:
    - matches: [{ path: { type: PathPrefix, value: /test.Echo } }]
      filters:
        - type: CORS
          cors:
            allowOrigins: ['https://app.example']
            allowMethods: [POST]
            allowHeaders: [content-type, x-grpc-web, x-user-agent]
      backendRefs: [{ name: echo, port: 50051 }]
---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: default }
spec: { ports: [{ port: 50051, appProtocol: kubernetes.io/h2c }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: echo-1, namespace: default, labels: { kubernetes.io/service-name: echo } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(grpcPort)} }]
`;

interface Scene {
  readonly port: number;
  readonly server: GrpcServer;
}

async function start(t: TestContext, enabled = true): Promise<Scene> {
  const server = await startGrpcServer(t, 'echo');
  const folder = mkdtempSync(join(tmpdir(), 'sluice-grpc-web-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'all.yaml'), manifests(server.port, enabled));
  const sluice = await startSluice({ paths: [folder] });
  t.after(() => sluice.stop());
  return { port: sluice.port(80), server };
}

interface Call {
  readonly path?: string;
  readonly contentType?: string;
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

const BINARY = 'application/grpc-web+proto';
const TEXT = 'application/grpc-web-text+proto';
const HI = frame(Buffer.from('hi'));

async function post({ port }: Scene, call: Call = {}): Promise<Reply> {
  const { path = '/test.Echo/Unary', contentType = BINARY, body = HI, headers = {} } = call;
  const sent = request({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    agent: false,
    headers: { host: 'localhost', 'content-type': contentType, 'x-grpc-web': '1', ...headers },
  });
  sent.end(body);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) };
}

const framesOf = ({ headers, body }: Reply): WebAnswer =>
  readFrames(headers['content-type'] === TEXT ? fromBase64(body.toString('latin1')) : body);

suite('gRPC-Web', () => {
  test('a unary call in both forms over HTTP/1.1: message, metadata, status in the body', async (t) => {
    const scene = await start(t);
    for (const contentType of [BINARY, TEXT]) {
      const body = contentType === TEXT ? HI.toString('base64') : HI;
      const reply = await post(scene, { contentType, body, headers: { seen: 'mine' } });
      assert.equal(reply.status, 200);
      assert.equal(reply.headers['content-type'], contentType);
      assert.equal(reply.headers['served-by'], 'echo');
      assert.equal(reply.headers['seen'], 'mine');
      const { messages, trailers } = framesOf(reply);
      assert.deepEqual(messages.map(String), ['hi']);
      assert.equal(trailers?.['grpc-status'], '0');
    }
    const [call] = scene.server.calls;
    assert.deepEqual(call?.metadata.get('x-grpc-web'), []);
  });

  test('base64 in padded parts, cut anywhere', async (t) => {
    const scene = await start(t);
    const message = Buffer.from('a longer message');
    const framed = frame(message);
    const body = [framed.subarray(0, 1), framed.subarray(1, 9), framed.subarray(9)]
      .map((part) => part.toString('base64'))
      .join('');
    const { messages } = framesOf(await post(scene, { contentType: TEXT, body }));
    assert.deepEqual(messages, [message]);
  });

  test('a body that is no base64 is refused with a status', async (t) => {
    const reply = await post(await start(t), { contentType: TEXT, body: '!!!!' });
    assert.equal(framesOf(reply).trailers?.['grpc-status'], '13');
  });

  test('a server stream over HTTP/1.1 arrives message by message', async (t) => {
    const scene = await start(t);
    const body = frame(Buffer.from('xyz'));
    const reply = await post(scene, { path: '/test.Echo/ServerStream', body });
    assert.deepEqual(framesOf(reply).messages.map(String), ['x', 'y', 'z']);
  });

  test('a large message in text form arrives whole', async (t) => {
    const message = Buffer.alloc(3_000_001, 'x');
    const reply = await post(await start(t), { contentType: TEXT, body: frame(message).toString('base64') });
    const { messages, trailers } = framesOf(reply);
    assert.ok(messages[0]?.equals(message));
    assert.equal(trailers?.['grpc-status'], '0');
  });

  test('over HTTP/2, each message is there before the next is asked for', async (t) => {
    const scene = await start(t);
    const session = connect(`http://127.0.0.1:${String(scene.port)}`);
    t.after(() => {
      session.destroy();
    });
    const stream = session.request({
      ':method': 'POST',
      ':path': '/test.Echo/Bidi',
      ':authority': 'localhost',
      'content-type': TEXT,
    });
    let text = '';
    stream.setEncoding('latin1');
    for (const word of ['one', 'two', 'three']) {
      stream.write(frame(Buffer.from(word)).toString('base64'));
      const wanted = frame(Buffer.from(word)).length;
      while (fromBase64(text).length < wanted) text += String((await once(stream, 'data'))[0]);
      assert.deepEqual(readFrames(fromBase64(text)).messages.map(String), [word]);
      text = '';
    }
    stream.end();
    for await (const part of stream) text += String(part);
    assert.equal(readFrames(fromBase64(text)).trailers?.['grpc-status'], '0');
  });

  test('errors of the server and of the gateway are read from the body', async (t) => {
    const scene = await start(t);
    const failed = framesOf(await post(scene, { headers: { fail: '1' } }));
    assert.equal(failed.trailers?.['grpc-status'], '15');
    assert.equal(decodeURIComponent(failed.trailers['grpc-message'] ?? ''), 'echo: no ✗');
    assert.equal(failed.trailers['why'], 'as asked for');
    const gone = framesOf(await post(scene, { path: '/test.Gone/Call' }));
    assert.equal(gone.trailers?.['grpc-status'], '14');
    const unknown = await post(scene, { path: '/test.Unknown/Call' });
    assert.equal(unknown.headers['grpc-status'], undefined);
    assert.equal(framesOf(unknown).trailers?.['grpc-status'], '12');
  });

  test('a browser of another origin: preflight, call, and an error it can read', async (t) => {
    const scene = await start(t);
    const origin = 'https://app.example';
    const sent = request({
      host: '127.0.0.1',
      port: scene.port,
      path: '/test.Echo/Unary',
      method: 'OPTIONS',
      agent: false,
      headers: {
        host: 'api.example',
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,x-grpc-web',
      },
    });
    sent.end();
    const [preflight] = (await once(sent, 'response')) as [IncomingMessage];
    preflight.resume();
    assert.equal(preflight.headers['access-control-allow-origin'], origin);
    assert.match(String(preflight.headers['access-control-allow-headers']), /x-grpc-web/u);
    const reply = await post(scene, { headers: { host: 'api.example', origin } });
    assert.equal(reply.headers['access-control-allow-origin'], origin);
    assert.equal(framesOf(reply).trailers?.['grpc-status'], '0');
    scene.server.stop();
    const refused = await post(scene, { headers: { host: 'api.example', origin } });
    assert.equal(refused.headers['access-control-allow-origin'], origin);
    assert.equal(framesOf(refused).trailers?.['grpc-status'], '14');
  });

  test('off, unless the ProxyConfig says otherwise: the backend gets what the client sent', async (t) => {
    const reply = await post(await start(t, false));
    assert.notEqual(reply.headers['content-type'], BINARY);
  });

  test('the official client reads messages, metadata and errors', async (t) => {
    const { port } = await start(t);
    Object.assign(globalThis, { XMLHttpRequest: TestXhr });
    t.after(() => {
      Reflect.deleteProperty(globalThis, 'XMLHttpRequest');
    });
    for (const format of ['text', 'binary'] as const) {
      const client = new grpcWeb.GrpcWebClientBase({ format });
      const url = `http://localhost:${String(port)}`;
      const unary = await client.unaryCall(`${url}/test.Echo/Unary`, 'hello', {}, methodOf('Unary', 'unary'));
      assert.equal(unary, 'hello');
      const failed = client.unaryCall(
        `${url}/test.Echo/Unary`,
        'x',
        { fail: '1' },
        methodOf('Unary', 'unary'),
      );
      await assert.rejects(failed, { code: 15, message: 'echo: no ✗' });
    }
    const streaming = new grpcWeb.GrpcWebClientBase({ format: 'text' }).serverStreaming(
      `http://localhost:${String(port)}/test.Echo/ServerStream`,
      'abc',
      {},
      methodOf('ServerStream', 'server_streaming'),
    );
    const received: string[] = [];
    await new Promise<void>((resolve, reject) => {
      streaming.on('data', (message) => received.push(message));
      streaming.on('error', reject);
      streaming.on('end', resolve);
    });
    assert.deepEqual(received, ['a', 'b', 'c']);
  });
});

function methodOf(name: string, type: string): grpcWeb.MethodDescriptor<string, string> {
  return new grpcWeb.MethodDescriptor(
    `/test.Echo/${name}`,
    type,
    String,
    String,
    (text: string) => Buffer.from(text),
    (bytes: Uint8Array) => Buffer.from(bytes).toString(),
  );
}
