import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { constants, createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { copyExample, startExample } from '../../support/example.ts';
import { GrpcClient } from '../../support/grpc-peers.ts';

const MESSAGE = Buffer.from('hi');
const authority = 'grpc.example';

/** The backend that answers a call. */
async function answering(client: GrpcClient, method: string, tester = false): Promise<string> {
  const metadata: Record<string, string> = tester ? { 'x-tester': 'yes' } : {};
  const {
    code,
    details,
    message,
    metadata: answer,
  } = await client.unary(MESSAGE, { path: `/${method}`, metadata });
  assert.equal(code, status.OK, details);
  assert.deepEqual(message, MESSAGE);
  return String(answer.get('x-echo-name')[0]);
}

test('gRPC: services, methods, metadata and weights decide', async (t) => {
  const shop = await startExample(t, '12-grpc-routing');
  const client = GrpcClient.create(t, shop.port, { authority });
  const tally: Record<string, number> = {};
  for (let index = 0; index < 8; index += 1) {
    const name = await answering(client, 'shop.Catalog/Get');
    tally[name] = (tally[name] ?? 0) + 1;
  }
  assert.deepEqual(tally, { 'default/catalog-v1': 6, 'default/catalog-v2': 2 });
  assert.equal(await answering(client, 'shop.Catalog/Search'), 'default/catalog-v2');
  assert.equal(await answering(client, 'shop.Catalog/Get', true), 'default/catalog-v2');
  assert.equal(await answering(client, 'shop.Stock/AdminList'), 'default/admin');
});

test('gRPC: what no rule takes is UNIMPLEMENTED, by method and by hostname', async (t) => {
  const shop = await startExample(t, '12-grpc-routing');
  const byMethod = await GrpcClient.create(t, shop.port, { authority }).unary(MESSAGE, {
    path: '/shop.Stock/Get',
  });
  assert.equal(byMethod.code, status.UNIMPLEMENTED);
  assert.match(byMethod.details, /^no_rule/);
  const elsewhere = GrpcClient.create(t, shop.port, { authority: 'other.example' });
  const byHost = await elsewhere.unary(MESSAGE, { path: '/shop.Catalog/Get' });
  assert.equal(byHost.code, status.UNIMPLEMENTED);
});

test('gRPC: the audit service gets a copy of each call, and the client hears nothing of it', async (t) => {
  const folder = copyExample(t, '12-grpc-routing');
  const copies = new EventEmitter<{ copy: [path: string] }>();
  const audit = createServer((request, response) => {
    copies.emit('copy', request.url);
    response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  });
  audit.listen(0, '127.0.0.1');
  await once(audit, 'listening');
  t.after(() => audit.close());
  const { port } = audit.address() as AddressInfo;
  appendFileSync(join(folder, 'services.yaml'), auditSlice(port));
  const shop = await startExample(t, '12-grpc-routing', { folder });
  const client = GrpcClient.create(t, shop.port, { authority });
  const copied = once(copies, 'copy');
  assert.match(await answering(client, 'shop.Catalog/Get'), /catalog/);
  assert.deepEqual(await copied, ['/shop.Catalog/Get']);
});

const auditSlice = (port: number): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: audit-1, namespace: default, labels: { kubernetes.io/service-name: audit } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(port)} }]
`;
