/** UDP clients and backends for tests. */
import dgram from 'node:dgram';
import { once } from 'node:events';

export interface UdpBackend {
  readonly port: number;
  readonly socket: dgram.Socket;
  /** What arrived so far: text and the port it came from. */
  readonly received: { readonly text: string; readonly from: number }[];
  close(): void;
}

/** Answers each datagram with `name` and the same text, unless `isSilent`. */
export async function startUdpBackend(name: string, isSilent = false): Promise<UdpBackend> {
  const socket = dgram.createSocket('udp4');
  const received: UdpBackend['received'] = [];
  socket.on('message', (datagram, { port, address }) => {
    received.push({ text: datagram.toString(), from: port });
    if (!isSilent) socket.send(`${name}:${datagram.toString()}`, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { port: socket.address().port, socket, received, close: () => socket.close() };
}

export class UdpClient {
  readonly socket = dgram.createSocket('udp4');
  readonly received: string[] = [];
  #isClosed = false;

  constructor() {
    this.socket.on('message', (datagram) => {
      this.received.push(datagram.toString());
    });
  }

  send(port: number, datagram: string | Buffer): void {
    this.socket.send(datagram, port, '127.0.0.1');
  }

  /** Sends, and waits for the next answer; null when none came in time. */
  async ask(port: number, datagram: string | Buffer, timeoutMs = 2_000): Promise<string | null> {
    const answer = once(this.socket, 'message').then(([bytes]) => String(bytes));
    this.send(port, datagram);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<null>((resolve) => {
      timer = setTimeout(resolve, timeoutMs, null);
    });
    const result = await Promise.race([answer, timeout]);
    clearTimeout(timer);
    return result;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.socket.close();
  }
}
