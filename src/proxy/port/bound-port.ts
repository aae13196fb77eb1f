/**
 * One address and port number with its servers, one for each transport: a TCP and a UDP listener of the same number are one port with
 * two servers.
 */
import type { CompiledPort } from '../runtime/runtime.ts';
import type { PortServer, PortTransport } from './port-server.ts';

export class BoundPort {
  readonly #servers = new Map<PortTransport, PortServer>();

  /** The identity of a port, regardless of the transport. */
  static keyOf({ address, number }: Pick<CompiledPort, 'address' | 'number'>): string {
    return `${address}:${String(number)}`;
  }

  get servers(): readonly PortServer[] {
    return [...this.#servers.values()];
  }
  get isEmpty(): boolean {
    return this.#servers.size === 0;
  }

  server(transport: PortTransport): PortServer | null {
    return this.#servers.get(transport) ?? null;
  }

  /** There must be no other server of the same transport. */
  add(server: PortServer): void {
    this.#servers.set(server.transport, server);
  }

  remove(server: PortServer): void {
    this.#servers.delete(server.transport);
  }
}
