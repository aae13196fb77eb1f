/** A real identity provider (oidc-provider) that gives signed access tokens for client credentials. For tests. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import Provider from 'oidc-provider';
import { jwkOf, type SigningKey } from './token-issuer.ts';

const CLIENT = { client_id: 'app', client_secret: 'app-secret' };
const RESOURCE = 'https://api.example/';

export class IdentityProvider {
  readonly issuer: string;
  readonly #server: Server;
  #provider: Provider;

  private constructor(server: Server, keys: readonly SigningKey[]) {
    this.issuer = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    this.#server = server;
    this.#provider = this.#make(keys);
    server.on('request', (request, response) => {
      this.#provider.callback()(request, response);
    });
  }

  static async start(t: TestContext, ...keys: readonly SigningKey[]): Promise<IdentityProvider> {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return new IdentityProvider(server, keys);
  }

  /** From here on the provider has these keys, and signs with the first. */
  rotate(...keys: readonly SigningKey[]): void {
    this.#provider = this.#make(keys);
  }

  #make(keys: readonly SigningKey[]): Provider {
    const jwks = {
      keys: keys.map((key) => ({ ...key.privateKey.export({ format: 'jwk' }), ...jwkOf(key) })),
    };
    const resource = { audience: 'shop', scope: 'read', accessTokenFormat: 'jwt', accessTokenTTL: 300 };
    return new Provider(this.issuer, {
      jwks,
      clients: [
        {
          ...CLIENT,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          id_token_signed_response_alg: keys[0]?.alg,
        },
      ],
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256', 'PS256', 'EdDSA'] },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => RESOURCE,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({ ...resource, jwt: { sign: { alg: keys[0]?.alg } } }),
        },
      },
    });
  }

  /** An access token for the audience `shop`. */
  async accessToken(): Promise<string> {
    const response = await fetch(`${this.issuer}/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...CLIENT, grant_type: 'client_credentials', scope: 'read' }),
    });
    const answer = (await response.json()) as { readonly access_token?: string };
    if (answer.access_token === undefined) throw new Error(JSON.stringify(answer));
    return answer.access_token;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.closeAllConnections();
    this.#server.close();
    await closed;
  }
}
