/** A backend of HTTP/1.1 that answers 200, and keeps the heads that it got. */
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

export interface EchoBackend {
  readonly port: number;
  readonly heads: IncomingHttpHeaders[];
}

/** Gone when the test ends. */
export async function startEchoBackend(t: TestContext): Promise<EchoBackend> {
  const heads: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    heads.push(request.headers);
    request.resume();
    request.once('end', () => response.end('ok'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, heads };
}
