import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { copyExample, editFile, startExample, type Example } from '../../support/example.ts';

const host = 'orders.example';

interface Mirrored {
  readonly request: IncomingMessage;
  readonly body: string;
}

/** Replaces the example's rewrite.mjs; fails every request as that does. */
async function startRewrite(t: TestContext): Promise<{ server: Server; received: Mirrored[] }> {
  const received: Mirrored[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ request, body });
      response.writeHead(500).end('not finished yet');
      server.emit('mirrored');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { server, received };
}

function startOrders(t: TestContext, rewritePort: number): Promise<Example> {
  const folder = copyExample(t, '06-traffic-mirroring');
  editFile(join(folder, 'services.yaml'), (manifest) =>
    manifest.replace('port: 9090', `port: ${String(rewritePort)}`),
  );
  return startExample(t, '06-traffic-mirroring', { folder });
}

test('mirroring: the rewrite gets a copy of every request, and clients never see its failures', async (t) => {
  const { server, received } = await startRewrite(t);
  const orders = await startOrders(t, (server.address() as AddressInfo).port);
  for (let index = 1; index <= 5; index += 1) {
    const mirrored = once(server, 'mirrored');
    const body = JSON.stringify({ item: index });
    const answer = await orders.echo({ host, method: 'POST', path: `/orders?n=${String(index)}`, body });
    assert.equal(answer.name, 'default/orders');
    assert.equal(answer.body, body);
    await mirrored;
    const copy = received.at(-1);
    assert.deepEqual(
      [copy?.request.method, copy?.request.url, copy?.request.headers.host, copy?.body],
      ['POST', `/orders?n=${String(index)}`, host, body],
    );
  }
  assert.equal(received.length, 5);
});

test('mirroring: clients are served when the rewrite is away', async (t) => {
  const { server } = await startRewrite(t);
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const orders = await startOrders(t, port);
  assert.deepEqual(await orders.tally(5, { host }), { 'default/orders': 5 });
});
