/** The endpoints of an identity provider from which gateways fetch keys. For tests. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export class KeyServer {
  /** What is served at `/jwks`. */
  jwks: string;
  /** Of answers to requests for keys. */
  status = 200;
  /** Requests for keys so far. */
  fetches = 0;
  /** Resolves before keys are answered; tests replace it to hold answers back. */
  gate: Promise<unknown> = Promise.resolve();
  /** What the discovery document says instead of the truth. */
  discovery: Readonly<Record<string, unknown>> = {};
  /** Where requests for keys are redirected to; `` for none. */
  redirect = '';
  readonly #server: Server;

  private constructor(jwks: string) {
    this.jwks = jwks;
    this.#server = createServer((request, response) => {
      if (request.url === '/.well-known/openid-configuration') {
        const document = { issuer: this.issuer, jwks_uri: this.uri, ...this.discovery };
        response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
        return;
      }
      this.fetches += 1;
      void this.gate.then(() => {
        if (this.redirect === '') response.writeHead(this.status).end(this.jwks);
        else response.writeHead(302, { location: this.redirect }).end();
      });
    });
  }

  static async start(jwks: string, port = 0): Promise<KeyServer> {
    const server = new KeyServer(jwks);
    server.#server.listen(port, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get issuer(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }
  get uri(): string {
    return `${this.issuer}/jwks`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
