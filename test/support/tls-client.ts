/** TLS clients for tests: they end in a value, whatever happens. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export interface DialResult {
  readonly socket: tls.TLSSocket;
  /** null when the handshake was completed. */
  readonly error: string | null;
}

/** Dials 127.0.0.1 without verifying the certificate; does not wait for the TLS 1.3 session ticket. */
export async function dialTls(port: number, options: tls.ConnectionOptions = {}): Promise<DialResult> {
  const socket = tls.connect({ host: '127.0.0.1', rejectUnauthorized: false, ...options, port });
  return new Promise((resolve) => {
    socket.once('secureConnect', () => resolve({ socket, error: null }));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ socket, error: error.code ?? error.message }),
    );
  });
}

/** Sends `text` and answers with as much as comes back, or with how the connection ended. May be called again. */
export async function exchange(socket: tls.TLSSocket, text: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  const onData = (chunk: Buffer): void => {
    received += chunk.toString();
    if (received.length >= text.length) resolve(received);
  };
  const onClose = (): void => resolve(`closed after ${JSON.stringify(received)}`);
  socket.on('error', () => undefined);
  socket.on('data', onData);
  socket.on('close', onClose);
  if (socket.destroyed) onClose();
  else socket.write(text);
  const answer = await promise;
  socket.off('data', onData);
  socket.off('close', onClose);
  return answer;
}

/** Sends raw bytes; answers with everything received until the peer closes. */
export async function sendRaw(port: number, chunks: readonly Buffer[]): Promise<Buffer> {
  const socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
  const received: Buffer[] = [];
  socket.on('data', (chunk) => received.push(chunk));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  for (const chunk of chunks) {
    if (!socket.writable) break;
    await new Promise((resolve) => socket.write(chunk, resolve));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  return Buffer.concat(received);
}
