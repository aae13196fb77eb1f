/** ClientHello messages for tests, built byte by byte: what a real client sends, and what none would. */

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export interface HelloExtension {
  readonly type: number;
  readonly data: Buffer;
}

export interface HelloShape {
  readonly sessionId?: Buffer;
  /** Cipher suite values; a real pair by default. */
  readonly suites?: readonly number[];
  /** null leaves the extension block out altogether (TLS 1.2 and older). */
  readonly extensions?: readonly HelloExtension[] | null;
}

/** The handshake message, without records. */
export function helloMessage(shape: HelloShape = {}): Buffer {
  const suites = (shape.suites ?? [0x1301, 0xc02f]).map(uint16);
  const extensions =
    shape.extensions === null ? [] : [vector16(Buffer.concat((shape.extensions ?? []).map(extensionBytes)))];
  const body = Buffer.concat([
    Buffer.from([3, 3]),
    Buffer.alloc(32, 7),
    vector8(shape.sessionId ?? Buffer.alloc(32, 9)),
    vector16(Buffer.concat(suites)),
    vector8(Buffer.from([0])),
    ...extensions,
  ]);
  const header = Buffer.alloc(4);
  header.writeUInt8(1, 0);
  header.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([header, body]);
}

/** `message` in handshake records of the given sizes; the last record takes the rest, 16 KiB at most each. */
export function records(message: Buffer, sizes: readonly number[] = []): Buffer {
  const out: Buffer[] = [];
  let at = 0;
  for (let index = 0; at < message.length; index++) {
    const size = Math.max(1, Math.min(sizes[index] ?? 16_384, 16_384));
    const fragment = message.subarray(at, at + size);
    out.push(Buffer.from([22, 3, 1]), uint16(fragment.length), fragment);
    at += size;
  }
  return Buffer.concat(out);
}

export function serverNameExtension(name: string): HelloExtension {
  const entry = Buffer.concat([Buffer.from([0]), vector16(Buffer.from(name, 'latin1'))]);
  return { type: 0, data: vector16(entry) };
}

export function alpnExtension(protocols: readonly string[]): HelloExtension {
  return {
    type: 16,
    data: vector16(Buffer.concat(protocols.map((name) => vector8(Buffer.from(name, 'latin1'))))),
  };
}

/** What `tls.connect` really puts on the wire. */
export async function realHello(options: tls.ConnectionOptions): Promise<Buffer> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const client = tls.connect({ ...options, host: '127.0.0.1', port, rejectUnauthorized: false });
  client.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}

function vector8(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from([data.length]), data]);
}

export function vector16(data: Buffer): Buffer {
  return Buffer.concat([uint16(data.length), data]);
}

export function uint16(value: number): Buffer {
  const out = Buffer.alloc(2);
  out.writeUInt16BE(value);
  return out;
}

function extensionBytes(extension: HelloExtension): Buffer {
  return Buffer.concat([uint16(extension.type), vector16(extension.data)]);
}
