/** Two backends that say which one they are, and a client that asks the proxy until the answer is as wanted. */
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

export interface Backend {
  readonly port: number;
  close(): void;
}

export async function startBackend(name: string, host: string): Promise<Backend> {
  const server = createServer((_, response) => {
    response.end(name);
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

export class TrafficProbe {
  readonly #agent = new Agent({ keepAlive: true });
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  /** Milliseconds until a request for this host gets this answer. */
  async until(hostname: string, answer: string, limitMs = 30_000): Promise<number> {
    const startedMs = performance.now();
    while ((await this.#ask(hostname)) !== answer) {
      if (performance.now() - startedMs > limitMs) throw new Error(`${hostname} never answered ${answer}`);
      // Often enough to see a millisecond, and seldom enough not to be the load that is measured.
      await delay(1);
    }
    return performance.now() - startedMs;
  }

  close(): void {
    this.#agent.destroy();
  }

  #ask(hostname: string): Promise<string> {
    return new Promise((resolve) => {
      const outgoing = request(
        { host: '127.0.0.1', port: this.#port, agent: this.#agent, headers: { host: hostname } },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () => {
            resolve(response.statusCode === 200 ? text : '');
          });
        },
      );
      outgoing.on('error', () => {
        resolve('');
      });
      outgoing.end();
    });
  }
}
