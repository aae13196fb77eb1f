/** Why a port could not be bound, as text with a hint. */

export interface WantedPort {
  /** As in the Gateway. */
  readonly listenerPort: number;
  /** `` = all addresses. */
  readonly address: string;
  /** The port to bind. */
  readonly port: number;
}

/** `freePort`: a free port to bind instead; null if not known, or if the user does not choose ports. */
export function describeBindError(
  { listenerPort, address, port }: WantedPort,
  error: unknown,
  freePort: number | null,
): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const where = `${address === '' ? '*' : bracketed(address)}:${String(port)}`;
  const other =
    freePort === null ? '' : `, or bind another port: --map ${String(listenerPort)}=${String(freePort)}`;
  return `cannot listen on ${where}${code === '' ? '' : ` (${code})`}: ${adviceOf(code, error, other)}`;
}

function adviceOf(code: string, error: unknown, other: string): string {
  switch (code) {
    case 'EADDRINUSE':
      return `another process listens there; stop it${other}`;
    case 'EACCES':
      return `it needs privileges; grant CAP_NET_BIND_SERVICE${other}`;
    case 'EADDRNOTAVAIL':
      return 'this machine does not have the address; correct spec.addresses or --bind';
    case 'EAFNOSUPPORT':
      return 'this machine does not support the address family';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

const bracketed = (address: string): string => (address.includes(':') ? `[${address}]` : address);
