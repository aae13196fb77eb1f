/** Prints the summary once all workers serve, and then one block for each change. */
import type { StatusReport } from '../../admin/status-report.ts';
import { INPUT_FINDINGS } from '../../gatewayapi/input-finding.ts';
import { countOf } from '../../lib/plural.ts';
import { wrap, type Layout } from '../layout.ts';
import { changedLines, fullSummary, newFindings, objectChanges } from './summary.ts';

/** If workers take longer than this, a line says that the summary waits for them. */
const WAIT_MS = 2_000;

export interface LiveSummaryOptions {
  /** First line: what runs here. */
  readonly title: string;
  /** Last lines of the first summary. */
  readonly footer: readonly string[];
  /** Called for each block: a terminal may change its size. */
  readonly layout: () => Layout;
  readonly print: (text: string) => void;
}

export class LiveSummary {
  readonly #options: LiveSummaryOptions;
  readonly #startedMs = performance.now();
  #admin: string | null = null;
  #notes: readonly string[] = [];
  #shown: StatusReport | null = null;
  #latest: StatusReport | null = null;
  #changedMs: number | null = null;
  #wait: NodeJS.Timeout | null = null;
  /** When the served version went live. */
  #liveAt = '';

  constructor(options: LiveSummaryOptions) {
    this.#options = options;
  }

  /** `host:port` of the admin API; null when there is none. Printed with the first summary, or separately if it is known later. */
  setAdmin(address: string | null): void {
    this.#admin = address;
    if (this.#shown !== null) for (const line of this.#adminLines()) this.#options.print(line);
  }

  #adminLines(): string[] {
    return this.#admin === null ? [] : [`admin API on http://${this.#admin}`];
  }

  /** Additional notes; printed with the first summary, and when they change. */
  setNotes(notes: readonly string[]): void {
    const added = notes.filter((note) => !this.#notes.includes(note));
    this.#notes = notes;
    if (this.#shown !== null) for (const note of added) this.#print(this.#wrapped([note]));
  }

  /** The input changed: the time until it is live begins. */
  inputChanged(): void {
    this.#changedMs ??= performance.now();
  }

  update(report: StatusReport): void {
    this.#latest = report;
    const { serving, expected } = report.workers;
    if (serving >= expected) this.#show(report);
    else
      this.#wait ??= setTimeout(() => {
        this.#stopWaiting();
        this.#stillWaiting();
      }, WAIT_MS);
  }

  stop(): void {
    this.#stopWaiting();
  }

  #stopWaiting(): void {
    if (this.#wait !== null) clearTimeout(this.#wait);
    this.#wait = null;
  }

  #stillWaiting(): void {
    const report = this.#latest;
    if (report === null) return;
    if (this.#shown !== null) {
      this.#show(report);
      return;
    }
    const { serving, expected } = report.workers;
    this.#print([`starting: ${String(serving)} of ${countOf(expected, 'worker')} serve`]);
  }

  #show(report: StatusReport): void {
    this.#stopWaiting();
    const before = this.#shown;
    this.#shown = report;
    if (before === null) {
      this.#liveAt = clock();
      this.#print(this.#first(report));
    } else {
      const lines = changedLines(before, report, this.#options.layout());
      if (lines.length > 0) this.#print([...lines, this.#outcome(before, report)]);
    }
    this.#changedMs = null;
  }

  #print(lines: readonly string[]): void {
    this.#options.print(lines.join('\n'));
  }

  #wrapped(lines: readonly string[]): string[] {
    const { width } = this.#options.layout();
    return lines.flatMap((line) => wrap(line, width, '    '));
  }

  #first(report: StatusReport): string[] {
    const { title, footer } = this.#options;
    const layout = this.#options.layout();
    const readyMs = Math.round(performance.now() - this.#startedMs);
    // The part after the colon is in the table already.
    const ready =
      report.notReady === null
        ? `ready in ${String(readyMs)} ms`
        : layout.colors.red(`not ready: ${report.notReady.split(': ', 1)[0] ?? ''}`);
    return [
      ...wrap(layout.colors.bold(title), layout.width, '    '),
      '',
      ...fullSummary(report, layout),
      ...this.#wrapped([...this.#notes, ...this.#adminLines(), ...footer, ready]),
    ];
  }

  /** Whether the change is live. An invalid object is not: its last valid version is still served. */
  #outcome(before: StatusReport, after: StatusReport): string {
    const layout = this.#options.layout();
    const { colors } = layout;
    const refused = newFindings(before, after).filter(
      ({ severity, code }) => severity === 'error' && code in INPUT_FINDINGS,
    ).length;
    const now = clock();
    if (refused > 0 && objectChanges(before, after, layout).length === 0)
      return colors.red(
        `${now} not applied: ${countOf(refused, 'error')}; still serving the version of ${this.#liveAt}`,
      );
    this.#liveAt = now;
    const exception = refused === 0 ? '' : `, except for ${countOf(refused, 'error')}`;
    return colors.dim(`${now} live${this.#elapsed()}${exception}`);
  }

  #elapsed(): string {
    return this.#changedMs === null
      ? ''
      : ` after ${String(Math.round(performance.now() - this.#changedMs))} ms`;
  }
}

const clock = (): string => new Date().toTimeString().slice(0, 8);
