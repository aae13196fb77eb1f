/** The open downstream connections of a proxy, for counting, draining and closing. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { ServerConnection } from '../message/server-host.ts';
import type { Admission } from '../net/client-trust.ts';

export class ConnectionRegistry {
  readonly #open = new Set<ServerConnection>();
  readonly #refused = new Map<ReasonCode, number>();
  /** For TLS clients: how they were admitted. */
  readonly #admissions = new Map<ServerConnection, Admission>();
  #admission: Admission | null = null;
  #accepted = 0;
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  get openConnections(): number {
    return this.#open.size;
  }
  get acceptedConnections(): number {
    return this.#accepted;
  }
  /** Messages refused before they became requests, by reason. */
  get refusals(): ReadonlyMap<ReasonCode, number> {
    return this.#refused;
  }

  opened(connection: ServerConnection): void {
    this.#accepted++;
    this.#open.add(connection);
    if (this.#admission !== null) this.#admissions.set(connection, this.#admission);
    if (this.#isDraining) connection.drain();
  }

  /** The next `opened` is for a connection that was already counted, with another engine. */
  handedOver(): void {
    this.#accepted--;
  }

  /** The connection that `begin` opens belongs to a client with this `admission`. */
  admit(admission: Admission, begin: () => void): void {
    this.#admission = admission;
    begin();
    this.#admission = null;
  }

  /** Asks clients to disconnect that are no longer admitted; remaining ones are closed after `graceMs`. */
  dismiss(isAdmitted: (admission: Admission) => boolean, graceMs: number): void {
    const leaving = [...this.#admissions].filter(([, admission]) => !isAdmitted(admission));
    if (leaving.length === 0) return;
    for (const [connection] of leaving) connection.drain();
    setTimeout(() => {
      for (const [connection] of leaving) if (this.#open.has(connection)) connection.destroy();
    }, graceMs).unref();
  }

  closed(connection: ServerConnection): void {
    if (!this.#open.delete(connection)) return;
    this.#admissions.delete(connection);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  refused(reason: ReasonCode): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** Asks every client to disconnect; resolves when all have, or `deadlineMs` has passed. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    for (const connection of [...this.#open]) connection.drain();
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onEmpty = null;
  }

  destroyAll(): void {
    for (const connection of [...this.#open]) connection.destroy();
  }
}
