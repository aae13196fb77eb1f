/** Look-up by host: exact names first, then wildcards from the longest suffix, then the entry for any host. */

export class HostTable<Value> {
  readonly #exact = new Map<string, Value>();
  /** By suffix with its leading dot: `*.example.com` is kept under `.example.com`. */
  readonly #wildcard = new Map<string, Value>();
  #any: Value | null = null;

  /** `hostname` as in the IR: exact, `*.suffix` or ``. The first value of a hostname stays. */
  add(hostname: string, value: Value): void {
    if (hostname === '') this.#any ??= value;
    else if (hostname.startsWith('*.')) addOnce(this.#wildcard, hostname.slice(1), value);
    else addOnce(this.#exact, hostname, value);
  }

  /** The value for exactly this hostname; null if there is none. */
  exactly(hostname: string): Value | null {
    if (hostname === '') return this.#any;
    return (
      (hostname.startsWith('*.') ? this.#wildcard.get(hostname.slice(1)) : this.#exact.get(hostname)) ?? null
    );
  }

  /** The value of the most specific hostname that covers `host`; null when none does. */
  find(host: string): Value | null {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    return this.#wildcard.size === 0 ? this.#any : this.#findWildcard(host);
  }

  #findWildcard(host: string): Value | null {
    // From position 1: a wildcard matches at least one character before the dot.
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const value = this.#wildcard.get(host.slice(dot));
      if (value !== undefined) return value;
    }
    return this.#any;
  }

  /** Every value whose hostname covers `host`, most specific first. */
  *covering(host: string): Generator<Value> {
    const exact = this.#exact.get(host);
    if (exact !== undefined) yield exact;
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const value = this.#wildcard.get(host.slice(dot));
      if (value !== undefined) yield value;
    }
    if (this.#any !== null) yield this.#any;
  }
}

function addOnce<Value>(map: Map<string, Value>, key: string, value: Value): void {
  if (!map.has(key)) map.set(key, value);
}
