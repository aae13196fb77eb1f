/** Entry of the echo process of `run --echo`: one echo server on a loopback port for each port of a Service. */
import type { ListeningEchoes, WantedEchoes } from './echo-messages.ts';
import { startEcho, type EchoServer } from './server.ts';

process.title = 'sluice: echo';

const servers = new Map<string, EchoServer>();
let last: Promise<void> = Promise.resolve();

async function serve({ id, backends }: WantedEchoes): Promise<void> {
  const wanted = new Set(backends.map(({ key }) => key));
  for (const [key, server] of servers) {
    if (wanted.has(key)) continue;
    servers.delete(key);
    void server.close();
  }
  for (const { key, name } of backends) {
    if (!servers.has(key)) servers.set(key, await startEcho({ host: '127.0.0.1', port: 0, name }));
  }
  const ports = [...servers].map(([key, { port }]) => [key, port] as const);
  process.send?.({ id, ports } satisfies ListeningEchoes);
}

process.on('message', (message: WantedEchoes) => {
  last = last.then(() => serve(message));
});
process.on('disconnect', () => process.exit(0));
// Terminals and service managers send these to the whole group; the supervisor handles them, and ends this process last.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
