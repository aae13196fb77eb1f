/** Opens many connections, sends one request on each, and holds them open. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { FrameType, Flag } from '../../src/proxy/h2/frame.ts';
import { PREFACE } from '../../src/proxy/message/http2-preface.ts';
import { SMALL_GET } from './requests.ts';

const AT_ONCE = 50;

/** What an idle connection has spoken. */
export type IdleProtocol = 'http1' | 'h2' | 'tls';

/** Preface, empty SETTINGS and one GET of `/`, its fields from the static table but for the authority. */
function http2Get(): Buffer {
  const authority = Buffer.from('www.example.com');
  const block = Buffer.concat([Buffer.from([0x82, 0x84, 0x86, 0x01, authority.length]), authority]);
  return Buffer.concat([
    PREFACE,
    emptyFrame(FrameType.settings, 0),
    Buffer.from([0, 0, block.length, FrameType.headers, Flag.endHeaders | Flag.endStream, 0, 0, 0, 1]),
    block,
  ]);
}

const emptyFrame = (type: number, flags: number): Buffer => Buffer.from([0, 0, 0, type, flags, 0, 0, 0, 0]);

const REQUESTS = { http1: Buffer.from(SMALL_GET), tls: Buffer.from(SMALL_GET), h2: http2Get() };

/** The backend's body, which nothing else that a proxy sends looks like. */
const BODY = Buffer.alloc(120, 'x');

function dial(protocol: IdleProtocol, port: number): Socket {
  if (protocol !== 'tls') return connect(port, '127.0.0.1');
  return connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1.3' });
}

async function openOne(protocol: IdleProtocol, port: number): Promise<Socket> {
  const socket = dial(protocol, port);
  // A peer that closes an idle connection shows up in `stillOpen`.
  socket.on('error', () => undefined);
  socket.write(REQUESTS[protocol]);
  let seen = Buffer.alloc(0);
  while (!seen.includes(BODY)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen = Buffer.concat([seen, chunk]);
  }
  if (protocol === 'h2') socket.write(emptyFrame(FrameType.settings, Flag.ack));
  return socket;
}

export interface HeldConnections {
  stillOpen(): number;
  close(): Promise<void>;
}

export async function holdConnections(
  protocol: IdleProtocol,
  port: number,
  count: number,
): Promise<HeldConnections> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(AT_ONCE, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openOne(protocol, port)))));
  }
  return {
    stillOpen: () => sockets.filter((socket) => !socket.destroyed && !socket.readableEnded).length,
    async close() {
      const open = sockets.filter((socket) => !socket.closed);
      const closed = open.map((socket) => once(socket, 'close'));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}
