/** Ports for `--map 80=0`: workers share a port, so it must be known before the first of them binds it. */
import { createServer } from 'node:net';

/**
 * Below the ephemeral port ranges (Linux 32768, others 49152), so that between the choice
 * here and the bind in the workers no connection takes it.
 */
const FIRST = 20_000;
const LAST = 32_000;
const TRIES = 200;

/** The map with every 0 replaced by a port that nothing listens on now. */
export async function resolveFreePorts(
  map: ReadonlyMap<number, number>,
  bindAddress: string,
): Promise<ReadonlyMap<number, number>> {
  const taken = new Set(map.values());
  const resolved = new Map<number, number>();
  for (const [from, to] of map) {
    const port = to === 0 ? await findFreePort(bindAddress, taken) : to;
    taken.add(port);
    resolved.set(from, port);
  }
  return resolved;
}

async function findFreePort(address: string, taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST));
    if (!taken.has(port) && (await isFree(port, address))) return port;
  }
  throw new Error(`no free port between ${String(FIRST)} and ${String(LAST)}`);
}

/** Without SO_REUSEPORT, a bind fails on any port in use, even a shared one. */
function isFree(port: number, address: string): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => {
      resolve(false);
    });
    server.listen({ port, ...(address === '' ? {} : { host: address }), exclusive: true }, () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
