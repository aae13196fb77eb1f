/** Why a port could not be bound, in words that say what to do. */

const ADVICE: Readonly<Record<string, string>> = {
  EACCES: 'it needs privileges; map it to another port (--map 80=8080) or grant CAP_NET_BIND_SERVICE',
  EADDRINUSE: 'another process listens there; stop it or map the port (--map 80=8080)',
  EADDRNOTAVAIL: 'this machine does not have the address; correct spec.addresses or --bind',
  EAFNOSUPPORT: 'this machine does not support the address family',
};

export function describeBindError(address: string, port: number, error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const where = `${address === '' ? '*' : address}:${port}`;
  const why = ADVICE[code] ?? (error instanceof Error ? error.message : String(error));
  return `cannot listen on ${where}${code === '' ? '' : ` (${code})`}: ${why}`;
}
