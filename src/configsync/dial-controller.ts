/** Opens a mutually authenticated stream to a controller, from a proxy or another replica. */
import { connect, type TLSSocket } from 'node:tls';

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** DNS name in the controller's certificate. */
  readonly service: string;
  readonly identity: {
    readonly ca: string | Buffer;
    readonly cert: string | Buffer;
    readonly key: string | Buffer;
  };
  /** Limit for connecting and handshake together; the caller then dials again. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
const KEEPALIVE_MS = 15_000;

/** Emits `secureConnect` in time, or `error`; `close` in any case. Throws if the identity is not usable. */
export function dialController({
  host,
  port,
  service,
  identity,
  timeoutMs = TIMEOUT_MS,
}: DialOptions): TLSSocket {
  const socket = connect({ host, port, servername: service, ...identity, minVersion: 'TLSv1.3' });
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no response from the controller within ${String(timeoutMs)} ms`));
  }, timeoutMs);
  socket.once('close', () => {
    clearTimeout(timer);
  });
  socket.once('secureConnect', () => {
    clearTimeout(timer);
    socket.setKeepAlive(true, KEEPALIVE_MS);
  });
  return socket;
}
