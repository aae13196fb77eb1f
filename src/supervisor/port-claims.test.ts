import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, Server, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { PortClaims } from './port-claims.ts';

async function listening(t: TestContext, host: string, reusePort = false): Promise<[Server, number]> {
  const server = createServer();
  server.listen({ port: 0, host, reusePort });
  await once(server, 'listening');
  t.after(() => server.close());
  return [server, (server.address() as AddressInfo).port];
}

const claimTcp = (address: string, port: number): Promise<string | null> =>
  new PortClaims(new Map(), SILENT_LOGGER).claim({ transport: 'tcp', address, port, listenerPort: port });

test('a port is checked without listening on it: a client would connect, and be reset', async (t) => {
  const [server, port] = await listening(t, '127.0.0.1');
  await new Promise((resolve) => server.close(resolve));
  const listen = t.mock.method(Server.prototype, 'listen');
  assert.equal(await claimTcp('', port), null);
  assert.equal(await claimTcp('127.0.0.1', port), null);
  assert.equal(listen.mock.callCount(), 0);
});

test('a port is refused where another process listens, also one that would share it', async (t) => {
  for (const reusePort of [false, true]) {
    const [, port] = await listening(t, '127.0.0.1', reusePort);
    assert.match((await claimTcp('', port)) ?? '', /EADDRINUSE/);
    assert.match((await claimTcp('127.0.0.1', port)) ?? '', /EADDRINUSE/);
    assert.equal(await claimTcp('127.0.0.2', port), null);
  }
});
