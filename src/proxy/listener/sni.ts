/**
 * Which of the listeners that share a port a TLS connection belongs to, by its server name, and whether a request that
 * came on it belongs there too.
 */
import { coveringPatterns } from '../../lib/hostname.ts';

/**
 * Hostname patterns (exact, `*.suffix`, `` for any) to values; the most specific pattern wins (Listener.hostname). A look-up
 * costs one Map access per label of the name, however many thousand patterns there are.
 */
export class ServerNameTable<Value> {
  readonly #values = new Map<string, Value>();

  /** Of two entries with the same hostname the first counts. */
  constructor(entries: Iterable<{ readonly hostname: string; readonly value: Value }>) {
    for (const { hostname, value } of entries) {
      if (!this.#values.has(hostname)) this.#values.set(hostname, value);
    }
  }

  /** `name` in lower case; null, for a client that named none, finds only a value for any name. */
  find(name: string | null): Value | undefined {
    if (name === null) return this.#values.get('');
    const exact = this.#values.get(name);
    if (exact !== undefined) return exact;
    for (const pattern of coveringPatterns(name)) {
      const value = this.#values.get(pattern);
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/**
 * Judges the host of a request on a connection that `chosen` was found for (GEP-3567, Listener.hostname): `misdirected` is answered
 * 421, so that a client which reused the connection for another of the certificate's names dials again; `unknown`
 * is answered 404. `table` holds the HTTPS listeners of the port.
 */
export function judgeAuthority<Value>(
  table: ServerNameTable<Value>,
  chosen: Value,
  host: string,
): 'served' | 'misdirected' | 'unknown' {
  const owner = table.find(host);
  if (owner === undefined) return 'unknown';
  return owner === chosen ? 'served' : 'misdirected';
}
