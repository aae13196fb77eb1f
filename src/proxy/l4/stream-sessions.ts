/** The relayed connections of a proxy: to count them, to drain them, and to close them. */

export interface ClosableSession {
  destroy(): void;
}

export class StreamSessions {
  readonly #open = new Set<ClosableSession>();
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  get size(): number {
    return this.#open.size;
  }

  /** New connections are refused. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  add(session: ClosableSession): void {
    this.#open.add(session);
  }

  delete(session: ClosableSession): void {
    if (this.#open.delete(session) && this.#open.size === 0) this.#onEmpty?.();
  }

  /**
   * Resolves when every connection has ended or `deadlineMs` has passed. There is no way to ask a TCP peer to go: those that
   * stay are closed by `destroyAll`.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
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
    for (const session of [...this.#open]) session.destroy();
  }
}
