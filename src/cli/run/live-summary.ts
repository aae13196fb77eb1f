/** Prints the summary when the gateway has settled, and then what changes, once per settling. */
import type { StatusReport } from '../../admin/status-report.ts';
import type { Colors } from '../terminal.ts';
import { changedLines, fullSummary } from './summary.ts';

/** Workers that take longer than this are no reason to leave the user in the dark. */
const PATIENCE_MS = 2_000;

export interface LiveSummaryOptions {
  /** First line: what runs here. */
  readonly title: string;
  /** Last lines of the first summary. */
  readonly footer: readonly string[];
  readonly colors: Colors;
  readonly print: (text: string) => void;
}

export class LiveSummary {
  readonly #options: LiveSummaryOptions;
  readonly #startedMs = performance.now();
  #admin: string | null = null;
  #shown: StatusReport | null = null;
  #latest: StatusReport | null = null;
  #changedMs: number | null = null;
  #patience: NodeJS.Timeout | null = null;

  constructor(options: LiveSummaryOptions) {
    this.#options = options;
  }

  /** `host:port` of the admin API; null when there is none. Said with the first summary, or by itself when it comes later. */
  setAdmin(address: string | null): void {
    this.#admin = address;
    if (this.#shown !== null) for (const line of this.#adminLines()) this.#options.print(line);
  }

  #adminLines(): string[] {
    return this.#admin === null ? [] : [`admin API on http://${this.#admin}`];
  }

  /** The input changed: the time until it is in force begins. */
  inputChanged(): void {
    this.#changedMs ??= performance.now();
  }

  update(report: StatusReport): void {
    this.#latest = report;
    const { serving, expected } = report.workers;
    if (serving >= expected) this.#show();
    else
      this.#patience ??= setTimeout(() => {
        this.#show();
      }, PATIENCE_MS);
  }

  stop(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
  }

  #show(): void {
    this.stop();
    this.#patience = null;
    const report = this.#latest;
    if (report === null) return;
    const { colors, print } = this.#options;
    const lines = this.#shown === null ? this.#first(report) : changedLines(this.#shown, report, colors);
    const wasFirst = this.#shown === null;
    this.#shown = report;
    if (lines.length > 0 && !wasFirst) lines.push(colors.dim(`${clock()} in force${this.#elapsed()}`));
    this.#changedMs = null;
    if (lines.length > 0) print(lines.join('\n'));
  }

  #first(report: StatusReport): string[] {
    const { title, footer, colors } = this.#options;
    const readyMs = Math.round(performance.now() - this.#startedMs);
    const ready = report.ready
      ? `ready in ${String(readyMs)} ms`
      : colors.yellow('not every worker is ready yet');
    return [colors.bold(title), '', ...fullSummary(report, colors), ...this.#adminLines(), ...footer, ready];
  }

  #elapsed(): string {
    return this.#changedMs === null
      ? ''
      : ` after ${String(Math.round(performance.now() - this.#changedMs))} ms`;
  }
}

const clock = (): string => new Date().toTimeString().slice(0, 8);
