/** The open downstream connections of a proxy: to count them, to drain them, and to close them. */
import type { ReasonCode } from '../ir/reason.ts';
import type { ServerConnection } from './http/server-host.ts';

export class ConnectionRegistry {
  readonly #open = new Set<ServerConnection>();
  readonly #refused = new Map<ReasonCode, number>();
  #accepted = 0;
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  get isDraining(): boolean {
    return this.#isDraining;
  }
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
    if (this.#isDraining) connection.drain();
  }

  /** The next `opened` continues a connection that was counted already, under another engine. */
  handedOver(): void {
    this.#accepted--;
  }

  closed(connection: ServerConnection): void {
    if (!this.#open.delete(connection)) return;
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  refused(reason: ReasonCode): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }

  /** Tells every client to go; resolves when all are gone or `deadlineMs` has passed. */
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
