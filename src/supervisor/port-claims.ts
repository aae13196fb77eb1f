/**
 * The ports of this gateway. Its workers share each with SO_REUSEPORT, and the kernel would let any other process of the same user
 * share it too, such as a second gateway: it would get a part of the connections without any error. So before the first worker binds a port
 * the supervisor checks that no other process listens there.
 */
import { createSocket } from 'node:dgram';
import { connect, isIPv4 } from 'node:net';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { describeBindError } from '../proxy/net/bind-error.ts';
import type { PortClaim } from '../proxy/port/port-options.ts';
import type { Logger } from '../telemetry/logger.ts';

interface KnownClaim {
  readonly claim: PortClaim;
  readonly refusal: Promise<string | null>;
}

/** If all ports that a hint could suggest are in use, it suggests none. */
const FREE_PORT_ATTEMPTS = 20;
const FIRST_UNPRIVILEGED_PORT = 1024;
const LAST_PORT = 65_535;
/** Errors that another port avoids. Other errors are reported when a worker binds. */
const REFUSING = new Set(['EADDRINUSE', 'EACCES']);

export class PortClaims {
  readonly #portMap: ReadonlyMap<number, number>;
  readonly #logger: Logger;
  /** Granted and pending claims; refused ones are requested again. */
  readonly #claims = new Map<string, KnownClaim>();
  /** By refused port, so that a refusal is logged once and its hint stays the same while workers retry every second. */
  readonly #refused = new Map<string, { readonly code: string; readonly message: string }>();

  /** `portMap`: listener port to bound port. */
  constructor(portMap: ReadonlyMap<number, number>, logger: Logger) {
    this.#portMap = portMap;
    this.#logger = logger;
  }

  /** Resolves with null if the port may be bound, otherwise with the reason. Never rejects. */
  claim(claim: PortClaim): Promise<string | null> {
    const key = keyOf(claim);
    const known = this.#claims.get(key);
    if (known !== undefined) return known.refusal;
    const refusal = this.#check(key, claim);
    this.#claims.set(key, { claim, refusal });
    return refusal;
  }

  /** Drops ports that no configuration uses any more: another process may use them now. */
  keepConfigured(configs: readonly GatewayConfig[]): void {
    const configured = new Set(
      configs.flatMap(({ ports }) =>
        ports.map(({ transport, number }) => `${transport}/${String(this.#portMap.get(number) ?? number)}`),
      ),
    );
    for (const [key, { claim }] of this.#claims)
      if (!configured.has(`${claim.transport}/${String(claim.port)}`)) this.#claims.delete(key);
  }

  async #check(key: string, claim: PortClaim): Promise<string | null> {
    const error = await probe(claim);
    const code = error?.code ?? '';
    if (error === null || !REFUSING.has(code)) {
      this.#refused.delete(key);
      return null;
    }
    const before = this.#refused.get(key);
    const message =
      before?.code === code ? before.message : describeBindError(claim, error, await findFreePort(claim));
    if (before?.code !== code) this.#logger.error(message);
    this.#refused.set(key, { code, message });
    this.#claims.delete(key);
    return message;
  }
}

const keyOf = ({ transport, address, port }: PortClaim): string => `${transport}/${address}/${String(port)}`;

/** A free port to bind instead: 8080 for 80, 8444 for 8443. null if no candidate is free. */
async function findFreePort(claim: PortClaim): Promise<number | null> {
  const first = claim.port < FIRST_UNPRIVILEGED_PORT ? claim.port + 8_000 : claim.port + 1;
  for (let port = first; port < first + FREE_PORT_ATTEMPTS && port <= LAST_PORT; port++)
    if ((await probe({ ...claim, port })) === null) return port;
  return null;
}

/** Binds the port exclusively and releases it; resolves with the error, or null. */
async function probe({ transport, address, port }: PortClaim): Promise<NodeJS.ErrnoException | null> {
  if (transport === 'udp') return probeUdp(address, port);
  if (address !== '') return probeTcp(address, port);
  const error = await probeTcp('::', port);
  return error !== null && isFamilyMissing(error) ? probeTcp('0.0.0.0', port) : error;
}

/**
 * Node can only bind a port by listening, and clients that connect meanwhile would be reset. So the port is bound as
 * the local end of a connection to port 0, which the kernel refuses at once: only the result of `bind` matters.
 */
function probeTcp(address: string, port: number): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  const host = isIPv4(address) ? '127.0.0.1' : '::1';
  const socket = connect({ host, port: 0, localAddress: address, localPort: port });
  socket.once('connect', () => {
    socket.destroy();
    resolve(null);
  });
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.syscall === 'bind' ? error : null));
  return promise;
}

function probeUdp(address: string, port: number): Promise<NodeJS.ErrnoException | null> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.ErrnoException | null>();
  const socket = createSocket(address.includes(':') || address === '' ? 'udp6' : 'udp4');
  socket.once('error', resolve);
  socket.bind({ port, ...(address === '' ? {} : { address }), exclusive: true }, () => {
    socket.close(() => resolve(null));
  });
  return promise;
}

/** The machine has no IPv6. */
const isFamilyMissing = ({ code }: NodeJS.ErrnoException): boolean =>
  code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
