/**
 * Which ports are this gateway's. Its workers share each with SO_REUSEPORT, and the kernel would let any other process of the same user
 * share it too, a second gateway say: it would get a part of the connections, and nobody would be told. So before the first worker
 * binds a port the supervisor looks whether anybody listens there.
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { describeBindError } from '../../proxy/bind-error.ts';
import type { PortClaim } from '../../proxy/proxy-api.ts';

export class PortClaims {
  readonly #portMap: ReadonlyMap<number, number>;
  /** What came of each claim, or will; refused ones are asked again. */
  readonly #claims = new Map<
    string,
    { readonly claim: PortClaim; readonly refusal: Promise<string | null> }
  >();

  /** `portMap`: listener port to bound port. */
  constructor(portMap: ReadonlyMap<number, number>) {
    this.#portMap = portMap;
  }

  /** Resolves with null when the port may be bound, else with why not. Never rejects. */
  claim(claim: PortClaim): Promise<string | null> {
    const key = `${claim.transport}/${claim.address}/${String(claim.port)}`;
    const known = this.#claims.get(key);
    if (known !== undefined) return known.refusal;
    const refusal = probe(claim).then((error) => {
      // Whatever else is wrong shows, with its own words, when the port is bound.
      if (error === null || error.code !== 'EADDRINUSE') return null;
      this.#claims.delete(key);
      return describeBindError(claim.address, claim.port, error);
    });
    this.#claims.set(key, { claim, refusal });
    return refusal;
  }

  /** Forgets ports that no configuration names any more: somebody else may have them now. */
  keepConfigured(configs: readonly GatewayConfig[]): void {
    const configured = new Set(
      configs.flatMap(({ ports }) =>
        ports.map(({ transport, number }) => `${transport}/${String(this.#portMap.get(number) ?? number)}`),
      ),
    );
    for (const [key, { claim }] of this.#claims)
      if (!configured.has(`${claim.transport}/${String(claim.port)}`)) this.#claims.delete(key);
  }
}

/** Binds the port as nobody's neighbour and lets go of it; resolves with the error, null when there is none. */
function probe({ transport, address, port }: PortClaim): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  const host = address === '' ? {} : { host: address };
  if (transport === 'tcp') {
    const server = createServer((socket) => socket.destroy());
    server.once('error', resolve);
    server.listen({ port, ...host, exclusive: true }, () => server.close(() => resolve(null)));
  } else {
    const socket = createSocket(address.includes(':') || address === '' ? 'udp6' : 'udp4');
    socket.once('error', resolve);
    socket.bind({ port, ...(address === '' ? {} : { address }), exclusive: true }, () => {
      socket.close(() => resolve(null));
    });
  }
  return promise;
}
