/**
 * What decides about a connection or flow by its client alone: limits of connections, access by address. It acts before TLS and before
 * the protocol is known. Where no policy asks for it there is no object of these: the place where they would act has null.
 */
import type { ReasonCode } from '../../ir/reason.ts';
import type { TransportAddress } from './transport.ts';

export interface ConnectionFilter {
  /** As in the configuration. */
  readonly kind: string;
  /**
   * null: the connection goes on. Otherwise it is closed, and counted with this reason. `client` is the peer, or what the PROXY header of
   * a trusted peer said.
   */
  admit(client: TransportAddress): ReasonCode | null;
  /** A connection that was admitted has closed, or another filter has refused it. */
  closed?(client: TransportAddress): void;
}

/** The connection filters of one port, layer-4 rule or backend, in the order in which they act. At least one. */
export class ConnectionFilters {
  readonly filters: readonly ConnectionFilter[];

  private constructor(filters: readonly ConnectionFilter[]) {
    this.filters = filters;
  }

  /** null for none. */
  static of(filters: readonly ConnectionFilter[]): ConnectionFilters | null {
    return filters.length === 0 ? null : new ConnectionFilters(filters);
  }

  /** All of several lists, one after the other; one that several of them share acts once. */
  static join(lists: readonly (ConnectionFilters | null)[]): ConnectionFilters | null {
    const present = lists.filter((list) => list !== null);
    if (present.length < 2) return present[0] ?? null;
    return ConnectionFilters.of([...new Set(present.flatMap(({ filters }) => filters))]);
  }

  /** null: every filter admits the client, and `closed` must follow. */
  admit(client: TransportAddress): ReasonCode | null {
    for (const [index, filter] of this.filters.entries()) {
      const reason = filter.admit(client);
      if (reason === null) continue;
      for (const earlier of this.filters.slice(0, index)) earlier.closed?.(client);
      return reason;
    }
    return null;
  }

  closed(client: TransportAddress): void {
    for (const filter of this.filters) filter.closed?.(client);
  }
}
