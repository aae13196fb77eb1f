/** A listening TCP socket. Its handler gets each accepted connection. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { takeHandles, type AcceptedHandle } from './accepted-handle.ts';

/** Backlog: connections that the kernel completes before they are accepted. */
const BACKLOG = 4_096;

export interface TcpListenOptions {
  /** `` = all addresses, IPv6 and IPv4 where there is both. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly reusePort: boolean;
}

/** Gets each accepted connection, not read from yet, with Nagle's algorithm off. */
export type ConnectionHandler = (accepted: Socket | AcceptedHandle) => void;

export class TcpListener {
  readonly #server: Server;
  #closed: Promise<void> | null = null;
  handler: ConnectionHandler;

  private constructor(server: Server, handler: ConnectionHandler) {
    this.#server = server;
    this.handler = handler;
    server.on('connection', (socket: Socket) => this.handler(socket));
    takeHandles(server, (handle) => this.handler(handle));
    // Of a single connection that could not be accepted (descriptors, aborted handshakes): the listener continues.
    server.on('error', () => undefined);
  }

  /** Rejects with Node's error when the port cannot be bound. */
  static async listen(options: TcpListenOptions, handler: ConnectionHandler): Promise<TcpListener> {
    const addresses = options.address === '' ? ['::', '0.0.0.0'] : [options.address];
    let lastError: unknown;
    for (const address of addresses) {
      try {
        return new TcpListener(await listenOn(address, options), handler);
      } catch (error) {
        lastError = error;
        if (!isFamilyMissing(error)) throw error;
      }
    }
    throw lastError;
  }

  get boundPort(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /**
   * Stops accepting; complete when this resolves. Connections that the kernel has completed are accepted first, because closing would reset
   * them: so the socket closes right after a poll, and not before it.
   */
  async stopAccepting(): Promise<void> {
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    this.#closed ??= new Promise((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  /** Also waits until the socket is closed; open connections are not affected. */
  async close(): Promise<void> {
    await this.stopAccepting();
    await this.#closed;
  }
}

async function listenOn(address: string, { port, reusePort }: TcpListenOptions): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(
      { host: address, port, backlog: BACKLOG, ipv6Only: false, ...(reusePort ? { reusePort } : {}) },
      () => {
        server.off('error', reject);
        resolve();
      },
    );
  });
  return server;
}

/** The machine has no IPv6. */
function isFamilyMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
}
