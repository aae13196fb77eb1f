/** GRPCRoute through the real CLI, with the gRPC of the outside (`@grpc/grpc-js`) as client and server. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { status, type StatusObject } from '@grpc/grpc-js';
import { GrpcClient, startGrpcServer, type GrpcServer } from '../support/grpc-peers.ts';
import { startSluice } from '../support/sluice-process.ts';

const GATEWAY = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
`;

const service = (name: string, ports: readonly number[]): string => `
---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: default }
spec: { ports: [{ port: 50051 }] }
${ports
  .map(
    (port, index) => `
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${name}-${String(index)}, namespace: default, labels: { kubernetes.io/service-name: ${name} } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(port)} }]`,
  )
  .join('')}
`;

const route = (spec: string): string => `
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: calls, namespace: default }
spec:
  parentRefs: [{ name: web }]
${spec}
`;

const TO_ONE = route(`
  rules:
    - backendRefs: [{ name: one, port: 50051 }]`);

/** The gateway's port. */
async function serve(t: TestContext, manifests: string): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-grpc-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  writeFileSync(join(folder, 'all.yaml'), GATEWAY + manifests);
  const sluice = await startSluice({ paths: [folder] });
  t.after(() => sluice.stop());
  return sluice.port(80);
}

interface OneServer {
  readonly server: GrpcServer;
  readonly client: GrpcClient;
}

async function oneServer(t: TestContext): Promise<OneServer> {
  const server = await startGrpcServer(t, 'one');
  const port = await serve(t, TO_ONE + service('one', [server.port]));
  return { server, client: GrpcClient.create(t, port) };
}

const servedBy = async (client: GrpcClient, metadata: Record<string, string> = {}): Promise<string> => {
  const { code, details, metadata: answer } = await client.unary(Buffer.of(1), { metadata });
  assert.equal(code, status.OK, details);
  return String(answer.get('served-by')[0]);
};

suite('gRPC calls', () => {
  test('unary: messages, metadata and binary metadata both ways', async (t) => {
    const { client } = await oneServer(t);
    const binary = Buffer.from([0, 1, 254, 255]);
    const answer = await client.unary(Buffer.from('hi'), { metadata: { seen: 'a', 'seen-bin': binary } });
    assert.equal(answer.code, status.OK);
    assert.equal(String(answer.message), 'hi');
    assert.deepEqual(answer.metadata.get('seen'), ['a']);
    assert.deepEqual(answer.metadata.get('seen-bin'), [binary]);
  });

  test('errors of the server arrive with code, text and trailers', async (t) => {
    const { client } = await oneServer(t);
    const answer = await client.unary(Buffer.of(1), { metadata: { fail: '1' } });
    assert.equal(answer.code, status.DATA_LOSS);
    assert.equal(answer.details, 'one: no ✗');
    assert.deepEqual(answer.trailers.get('why'), ['as asked for']);
    assert.deepEqual(answer.trailers.get('why-bin'), [Buffer.of(0, 255)]);
  });

  test('messages of many frames and windows arrive whole', async (t) => {
    const { client } = await oneServer(t);
    const message = Buffer.alloc(20_000_000, 'x');
    message.writeUInt32BE(0xdead_beef, 10_000_000);
    const answer = await client.unary(message);
    assert.equal(answer.code, status.OK, answer.details);
    assert.ok(answer.message?.equals(message));
  });

  test('client streaming and server streaming', async (t) => {
    const { client } = await oneServer(t);
    const joined = new Promise<Buffer | undefined>((resolve) => {
      const call = client.clientStream((_error, value) => {
        resolve(value);
      });
      for (const part of ['a', 'b', 'c']) call.write(Buffer.from(part));
      call.end();
    });
    assert.equal(String(await joined), 'abc');
    const parts: string[] = [];
    for await (const part of client.serverStream(Buffer.from('xyz'))) parts.push(String(part));
    assert.deepEqual(parts, ['x', 'y', 'z']);
  });

  test('a bidirectional stream carries each message when it is sent', async (t) => {
    const { client } = await oneServer(t);
    const call = client.bidi();
    for (const text of ['one', 'two', 'three']) {
      const answer = once(call, 'data');
      call.write(Buffer.from(text));
      assert.equal(String((await answer)[0]), text);
    }
    const end = once(call, 'status');
    call.end();
    const [{ code }] = (await end) as [StatusObject];
    assert.equal(code, status.OK);
  });

  test('a call that the client gives up is given up at the server', async (t) => {
    const { client, server } = await oneServer(t);
    const arrived = once(server.events, 'call');
    const cancelled = once(server.events, 'cancelled');
    const call = client.hang();
    await arrived;
    call.cancel();
    await cancelled;
    assert.equal((await call.result).code, status.CANCELLED);
  });

  test('a server that goes away in the middle of a stream is UNAVAILABLE, not a riddle', async (t) => {
    const { client, server } = await oneServer(t);
    const call = client.bidi();
    const answer = once(call, 'data');
    call.write(Buffer.from('one'));
    await answer;
    call.on('error', () => undefined);
    // `once` would reject for the error that comes with the status.
    const end = new Promise<StatusObject>((resolve) => call.once('status', resolve));
    server.stop();
    assert.equal((await end).code, status.UNAVAILABLE);
  });
});

suite('GRPCRoute', () => {
  test('metadata is matched exactly and by expression', async (t) => {
    const [one, two] = [await startGrpcServer(t, 'one'), await startGrpcServer(t, 'two')];
    const port = await serve(
      t,
      route(`
  rules:
    - matches: [{ headers: [{ name: tier, value: gold }] }]
      backendRefs: [{ name: two, port: 50051 }]
    - matches: [{ headers: [{ name: tier, type: RegularExpression, value: 'silver-[0-9]+' }] }]
      backendRefs: [{ name: two, port: 50051 }]
    - backendRefs: [{ name: one, port: 50051 }]`) +
        service('one', [one.port]) +
        service('two', [two.port]),
    );
    const client = GrpcClient.create(t, port);
    assert.equal(await servedBy(client, { tier: 'gold' }), 'two');
    assert.equal(await servedBy(client, { tier: 'silver-12' }), 'two');
    assert.equal(await servedBy(client, { tier: 'silver-' }), 'one');
    assert.equal(await servedBy(client), 'one');
  });

  test('filters change the metadata of call and answer', async (t) => {
    const one = await startGrpcServer(t, 'one');
    const port = await serve(
      t,
      route(`
  rules:
    - filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: seen, value: set }], remove: [tier] } }
        - { type: ResponseHeaderModifier, responseHeaderModifier: { add: [{ name: via, value: gateway }] } }
      backendRefs: [{ name: one, port: 50051 }]`) + service('one', [one.port]),
    );
    const { metadata } = await GrpcClient.create(t, port).unary(Buffer.of(1), {
      metadata: { tier: 'gold', seen: 'mine' },
    });
    assert.deepEqual(metadata.get('seen'), ['set']);
    assert.deepEqual(metadata.get('via'), ['gateway']);
    assert.deepEqual(one.calls[0]?.metadata.get('tier'), []);
  });

  test('a session stays with its endpoint', async (t) => {
    const [one, two] = [await startGrpcServer(t, 'one'), await startGrpcServer(t, 'two')];
    const port = await serve(
      t,
      route(`
  rules:
    - name: sticky
      sessionPersistence: { sessionName: session, type: Header }
      backendRefs: [{ name: both, port: 50051 }]`) + service('both', [one.port, two.port]),
    );
    const client = GrpcClient.create(t, port);
    const first = await client.unary(Buffer.of(1));
    const session = String(first.metadata.get('session')[0]);
    for (let index = 0; index < 6; index++) {
      assert.equal(await servedBy(client, { session }), String(first.metadata.get('served-by')[0]));
    }
    const without = new Set<string>();
    for (let index = 0; index < 20; index++) without.add(await servedBy(client));
    assert.equal(without.size, 2);
  });

  test('a backend that is not there keeps its weight and is UNAVAILABLE', async (t) => {
    const one = await startGrpcServer(t, 'one');
    const port = await serve(
      t,
      route(`
  rules:
    - backendRefs: [{ name: one, port: 50051 }, { name: gone, port: 50051 }]`) + service('one', [one.port]),
    );
    const client = GrpcClient.create(t, port);
    const codes: status[] = [];
    for (let index = 0; index < 4; index++) codes.push((await client.unary(Buffer.of(1))).code);
    assert.deepEqual(codes.toSorted(), [status.OK, status.OK, status.UNAVAILABLE, status.UNAVAILABLE]);
  });
});
