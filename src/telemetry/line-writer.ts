/**
 * Lines to a file or a pipe in batches: nobody waits for the disk, and a reader that stands still costs bounded memory. What does
 * not fit is dropped and counted.
 */
import { closeSync, openSync, write } from 'node:fs';

export interface LineWriter {
  /** `line` without its end. */
  write(line: string): void;
  /** Opens the file again, after it was moved away (log rotation); nothing for a descriptor. */
  reopen(): void;
  /** Lines that were dropped because the reader stood still. */
  readonly dropped: number;
  /** Writes what is left and closes. */
  close(): Promise<void>;
}

/** A batch goes out when this much has gathered or this long has passed. */
const BATCH_CHARACTERS = 65_536;
const BATCH_MS = 100;
/** What may wait for a reader that stands still. */
const LIMIT_CHARACTERS = 8 * 1024 * 1024;

/** `target`: a path, appended to; or a descriptor, such as 1 for standard output. Throws when the file cannot be opened. */
export function createLineWriter(target: string | number): LineWriter {
  return new BatchedLineWriter(target);
}

class BatchedLineWriter implements LineWriter {
  readonly #target: string | number;
  #descriptor: number;
  #gathered = '';
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #onIdle: (() => void)[] = [];
  dropped = 0;

  constructor(target: string | number) {
    this.#target = target;
    this.#descriptor = open(target);
  }

  write(line: string): void {
    if (this.#gathered.length > LIMIT_CHARACTERS) {
      this.dropped += 1;
      return;
    }
    this.#gathered += `${line}\n`;
    if (this.#gathered.length >= BATCH_CHARACTERS) this.#flush();
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#flush();
      }, BATCH_MS);
  }

  reopen(): void {
    if (typeof this.#target === 'number') return;
    const before = this.#descriptor;
    this.#descriptor = open(this.#target);
    closeSync(before);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flush();
    if (this.#isWriting) await new Promise<void>((resolve) => this.#onIdle.push(resolve));
    if (typeof this.#target === 'string') closeSync(this.#descriptor);
  }

  #flush(): void {
    if (this.#isWriting || this.#gathered === '') return;
    const batch = Buffer.from(this.#gathered, 'utf8');
    this.#gathered = '';
    this.#isWriting = true;
    this.#writeAll(batch, 0);
  }

  #writeAll(batch: Buffer, from: number): void {
    write(this.#descriptor, batch, from, batch.length - from, null, (error, written) => {
      // A pipe that is full for now says EAGAIN; whatever else is wrong will not get better for this batch.
      if (error !== null && error.code === 'EAGAIN')
        setTimeout(() => {
          this.#writeAll(batch, from);
        }, BATCH_MS);
      else if (error === null && from + written < batch.length) this.#writeAll(batch, from + written);
      else this.#written();
    });
  }

  #written(): void {
    this.#isWriting = false;
    if (this.#gathered !== '') {
      this.#flush();
      return;
    }
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle = [];
  }
}

const open = (target: string | number): number =>
  typeof target === 'number' ? target : openSync(target, 'a', 0o644);
