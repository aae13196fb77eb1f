/** TLS 1.3 handshakes, full or resumed from a ticket, with one request on each connection before it is closed. */
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { HandshakeLoad } from '../own-program.ts';

const load = JSON.parse(process.argv[2] ?? '') as HandshakeLoad;
const REQUEST = 'GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: close\r\n\r\n';

let done = 0;

function open(session: Buffer | undefined): TLSSocket {
  // The certificate is of an authority made for this run, and what is measured is the server's part.
  const options = { rejectUnauthorized: false, minVersion: 'TLSv1.3', session } as const;
  const socket = connect({ port: load.port, host: '127.0.0.1', ...options });
  socket.write(REQUEST);
  return socket;
}

async function answered(socket: TLSSocket): Promise<void> {
  const [first] = (await once(socket, 'data')) as [Buffer];
  if (!first.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(`answered ${String(first)}`);
}

async function takeTicket(): Promise<Buffer> {
  const socket = open(undefined);
  const [[ticket]] = (await Promise.all([once(socket, 'session'), answered(socket)])) as [[Buffer], unknown];
  socket.destroy();
  return ticket;
}

async function repeat(session: Buffer | undefined, endsAt: number): Promise<void> {
  while (performance.now() < endsAt) {
    const socket = open(session);
    await answered(socket);
    if (socket.isSessionReused() !== load.resumed) throw new Error('the session was not as asked for');
    const closed = once(socket, 'close');
    socket.destroy();
    await closed;
    done++;
  }
}

const session = load.resumed ? await takeTicket() : undefined;
const endsAt = performance.now() + load.seconds * 1000;
await Promise.all(Array.from({ length: load.atOnce }, () => repeat(session, endsAt)));
console.log(JSON.stringify({ done }));
