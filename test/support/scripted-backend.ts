/** A backend that accepts TCP connections and leaves it to the test what to say on each. */
import { createServer, type AddressInfo, type Server } from 'node:net';
import { RawClient } from './raw-client.ts';

const ANSWER_TIMEOUT_MS = 5_000;

export class ScriptedBackend {
  readonly port: number;
  /** Every connection accepted so far, in order. */
  readonly connections: RawClient[] = [];
  readonly #server: Server;
  readonly #waiting: ((connection: RawClient) => void)[] = [];
  readonly #unclaimed: RawClient[] = [];

  private constructor(server: Server, port: number, script: Script | null) {
    this.#server = server;
    this.port = port;
    server.on('connection', (socket) => {
      const connection = new RawClient(socket);
      this.connections.push(connection);
      if (script !== null) {
        // A script ends when its connection does; what it was waiting for then no longer matters.
        script(connection, this.connections.length).catch(() => connection.destroy());
        return;
      }
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#unclaimed.push(connection);
      else waiting(connection);
    });
  }

  /** Listens on a free port of 127.0.0.1. With a script, it is run for every connection; else use `connection()`. */
  static async start(script: Script | null = null): Promise<ScriptedBackend> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new ScriptedBackend(server, (server.address() as AddressInfo).port, script);
  }

  /** The next connection that no earlier call has returned. */
  async connection(): Promise<RawClient> {
    const ready = this.#unclaimed.shift();
    if (ready !== undefined) return ready;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error('no connection came to the backend')),
        ANSWER_TIMEOUT_MS,
      );
      this.#waiting.push((connection) => {
        clearTimeout(timer);
        resolve(connection);
      });
    });
  }

  async stop(): Promise<void> {
    for (const connection of this.connections) connection.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** `number` counts connections from 1. */
export type Script = (connection: RawClient, number: number) => Promise<void>;

/** A script that answers every bodiless request with 200 and `body`, on a connection that stays open. */
export function answering(body: string, extraLines = ''): Script {
  return async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n${extraLines}\r\n${body}`);
    }
  };
}
