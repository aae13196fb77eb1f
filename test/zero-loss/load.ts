/** Steady load: loops that ask one thing after the other, and count what did not end in the answer. */

export interface Tally {
  readonly name: string;
  readonly answered: number;
  /** What had no answer, in words; the first of them. */
  readonly failures: readonly string[];
  readonly failed: number;
}

/** One exchange; rejects when there is no answer, or another than that. */
export type Ask = () => Promise<void>;

export interface Client {
  readonly name: string;
  /** Loops at once, each with a client of its own. */
  readonly loops: number;
  /** A client, which keeps what it keeps between exchanges. */
  connect(): { readonly ask: Ask; readonly close: () => void };
}

const MAX_KEPT_FAILURES = 5;
/** After a failure, so that what is down is not asked ten thousand times a second. */
const PAUSE_MS = 20;

export class Load {
  readonly #tallies: { name: string; answered: number; failed: number; failures: string[] }[];
  readonly #loops: Promise<void>[];
  #isRunning = true;

  constructor(clients: readonly Client[]) {
    this.#tallies = clients.map(({ name }) => ({ name, answered: 0, failed: 0, failures: [] }));
    this.#loops = clients.flatMap((client, index) =>
      Array.from({ length: client.loops }, () => this.#loop(client, index)),
    );
  }

  async #loop(client: Client, index: number): Promise<void> {
    const tally = this.#tallies[index];
    const { ask, close } = client.connect();
    while (this.#isRunning && tally !== undefined) {
      try {
        await ask();
        tally.answered++;
      } catch (error) {
        tally.failed++;
        if (tally.failures.length < MAX_KEPT_FAILURES)
          tally.failures.push(`${new Date().toISOString().slice(14, 23)} ${String(error)}`);
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
      // Others of this process are to have their turn.
      await new Promise(setImmediate);
    }
    close();
  }

  get tallies(): readonly Tally[] {
    return this.#tallies.map((tally) => ({ ...tally, failures: [...tally.failures] }));
  }

  /** Resolves once each protocol has had `count` more answers, or has failed. */
  async answers(count: number): Promise<void> {
    const goals = this.#tallies.map(({ answered }) => answered + count);
    while (
      this.#tallies.some(({ answered, failed }, index) => answered < (goals[index] ?? 0) && failed === 0)
    )
      await new Promise((resolve) => setTimeout(resolve, 5));
  }

  /** Resets the counts. */
  reset(): void {
    for (const tally of this.#tallies) Object.assign(tally, { answered: 0, failed: 0, failures: [] });
  }

  async stop(): Promise<readonly Tally[]> {
    this.#isRunning = false;
    await Promise.all(this.#loops);
    return this.tallies;
  }
}
