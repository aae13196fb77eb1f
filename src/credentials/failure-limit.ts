/** Counts failures by client, over windows of a fixed length. */

/** More clients than this have failures in one window only during an attack; then the oldest are forgotten first. */
const MAX_CLIENTS = 100_000;

interface Window {
  startedMs: number;
  failures: number;
}

export interface FailureLimitOptions {
  readonly failures: number;
  readonly windowMs: number;
}

export class FailureLimit {
  readonly #options: FailureLimitOptions;
  readonly #now: () => number;
  /** By client, the one whose window started first comes first. */
  readonly #windows = new Map<string, Window>();

  constructor(options: FailureLimitOptions, now: () => number) {
    this.#options = options;
    this.#now = now;
  }

  /** Whether the client may fail so many times more. */
  allows(client: string, attempts: number): boolean {
    const window = this.#current(client);
    return (window?.failures ?? 0) + attempts <= this.#options.failures;
  }

  failed(client: string): void {
    const window = this.#current(client);
    if (window !== null) window.failures += 1;
    else this.#start(client);
  }

  #current(client: string): Window | null {
    const window = this.#windows.get(client);
    if (window === undefined) return null;
    if (this.#now() - window.startedMs < this.#options.windowMs) return window;
    this.#windows.delete(client);
    return null;
  }

  #start(client: string): void {
    if (this.#windows.size >= MAX_CLIENTS) this.#forgetOldest();
    this.#windows.set(client, { startedMs: this.#now(), failures: 1 });
  }

  #forgetOldest(): void {
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined) this.#windows.delete(oldest);
  }
}
