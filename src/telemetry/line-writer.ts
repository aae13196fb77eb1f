/**
 * Writes lines to a file or a pipe in batches: no caller waits for the disk, and a stalled reader costs bounded memory. Lines that do
 * not fit are dropped and counted. A file that was renamed (log rotation) is reopened, without a signal.
 */
import { closeSync, constants, fstatSync, openSync, statSync, write } from 'node:fs';
import { TextBytes } from './text-bytes.ts';

export interface LineWriter {
  /** `line` without its end. */
  write(line: string): void;
  /**
   * The buffer for the next line, without its end, if it has at most `bytes`; `endLine` must follow before any other
   * call. null: the line is dropped.
   */
  beginLine(bytes: number): TextBytes | null;
  endLine(): void;
  /** Lines that were dropped because the reader does not read, or that could not be written (a full disk). */
  readonly dropped: number;
  /** Writes pending lines and closes. A stalled reader gets one second. */
  close(): Promise<void>;
}

/** A batch is written at this size or after this time. */
const BATCH_BYTES = 65_536;
const BATCH_MS = 100;
/** A full batch plus one line. */
const BUFFER_BYTES = BATCH_BYTES + 16_384;
/** Maximum number of bytes queued for a stalled reader. */
const LIMIT_BYTES = 8 * 1024 * 1024;
/** Buffers kept for later batches: one is filled while another is written. */
const MAX_SPARE = 2;
const LINE_END = 0x0a;
/** Workers share standard output: a pipe write is atomic only up to this size (PIPE_BUF of pipe(7)). */
const PIPE_BYTES = 4_096;
/** Interval of checking that the file still has its name. */
const ROTATION_CHECK_MS = 1_000;
const FINAL_WRITE_TIMEOUT_MS = 1_000;

/** `target`: a path, appended to; or a descriptor, such as 1 for standard output. Throws when the file cannot be opened. */
export function createLineWriter(target: string | number): LineWriter {
  return new BatchedLineWriter(target);
}

class BatchedLineWriter implements LineWriter {
  readonly #path: string | null;
  #descriptor: number;
  /** Bytes of one write. */
  readonly #chunkBytes: number;
  /** The current batch; its buffer is allocated with its first line. */
  readonly #batch = new TextBytes();
  /** Batches queued behind the one being written. */
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  readonly #spare: Buffer[] = [];
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #checkedMs = performance.now();
  #onIdle: (() => void)[] = [];
  dropped = 0;

  constructor(target: string | number) {
    if (typeof target === 'string') {
      this.#path = target;
      this.#descriptor = openToAppend(target);
      this.#chunkBytes = Infinity;
    } else {
      this.#path = null;
      const stats = fstatSync(target);
      this.#descriptor = stats.isFIFO() ? withoutWaiting(target) : target;
      // Pipes and sockets hand the bytes of several writers to one reader in pieces; files take each write whole.
      this.#chunkBytes = stats.isFIFO() || stats.isSocket() ? PIPE_BYTES : Infinity;
    }
  }

  write(line: string): void {
    // At most three octets of UTF-8 per UTF-16 code unit.
    const batch = this.beginLine(line.length * 3);
    if (batch === null) return;
    batch.utf8(line);
    this.endLine();
  }

  beginLine(bytes: number): TextBytes | null {
    const batch = this.#batch;
    if (this.#waitingBytes > LIMIT_BYTES) {
      this.dropped += 1;
      return null;
    }
    if (batch.buffer.length - batch.length <= bytes) {
      this.#closeBatch();
      batch.begin(this.#takeBuffer(bytes + 1));
    }
    return batch;
  }

  endLine(): void {
    const batch = this.#batch;
    batch.buffer[batch.length++] = LINE_END;
    if (batch.length >= BATCH_BYTES) this.#flush();
    else
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#flush();
      }, BATCH_MS);
  }

  #takeBuffer(bytes: number): Buffer {
    if (bytes > BUFFER_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES);
  }

  #closeBatch(): void {
    const { buffer, length } = this.#batch;
    if (length === 0) return;
    this.#waiting.push(buffer.subarray(0, length));
    this.#waitingBytes += length;
    this.#batch.begin(NOTHING);
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#flush();
    if (this.#isWriting) await this.#idle();
    // A write may still be using the descriptor, which could be reused once closed; the process ends soon anyway.
    if (this.#path !== null && !this.#isWriting) closeSync(this.#descriptor);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, FINAL_WRITE_TIMEOUT_MS);
      this.#onIdle.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #flush(): void {
    // While a batch is being written the next one fills up: many small ones would each hold a buffer.
    if (!this.#isWriting || this.#batch.length >= BATCH_BYTES) this.#closeBatch();
    if (this.#isWriting) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#reopenIfMoved();
    this.#isWriting = true;
    this.#writeFrom(next, 0);
  }

  #writeFrom(batch: Buffer, from: number): void {
    write(this.#descriptor, batch, from, this.#chunkEnd(batch, from) - from, null, (error, written) => {
      // A full pipe returns EAGAIN; any other error is permanent for this batch.
      if (error !== null && error.code === 'EAGAIN') {
        setTimeout(() => {
          this.#writeFrom(batch, from);
        }, BATCH_MS);
      } else if (error === null && from + written < batch.length) this.#writeFrom(batch, from + written);
      else {
        if (error !== null) this.dropped += linesOf(batch, from);
        this.#written(batch);
      }
    });
  }

  /** The end of the last line that fits, or of the first if it alone is too long. */
  #chunkEnd(batch: Buffer, from: number): number {
    if (batch.length - from <= this.#chunkBytes) return batch.length;
    const end = batch.lastIndexOf(0x0a, from + this.#chunkBytes - 1);
    return end < from ? batch.indexOf(0x0a, from) + 1 : end + 1;
  }

  #written(batch: Buffer): void {
    this.#isWriting = false;
    this.#waitingBytes -= batch.length;
    if (batch.buffer.byteLength === BUFFER_BYTES && this.#spare.length < MAX_SPARE) {
      this.#spare.push(Buffer.from(batch.buffer));
    }
    if (this.#waiting.length > 0 || this.#batch.length > 0) {
      this.#flush();
      return;
    }
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle = [];
  }

  /** Called between two batches: a file that no longer has its name was rotated. */
  #reopenIfMoved(): void {
    const nowMs = performance.now();
    if (this.#path === null || nowMs - this.#checkedMs < ROTATION_CHECK_MS) return;
    this.#checkedMs = nowMs;
    const ours = fstatSync(this.#descriptor);
    const there = statSync(this.#path, { throwIfNoEntry: false });
    if (there?.ino === ours.ino && there.dev === ours.dev) return;
    try {
      const next = openToAppend(this.#path);
      closeSync(this.#descriptor);
      this.#descriptor = next;
    } catch {
      // Its folder may be missing for a moment; lines go to the old file until the name can be opened.
    }
  }
}

const NOTHING = Buffer.alloc(0);

/** Lines that end after `from`. */
function linesOf(batch: Buffer, from: number): number {
  let lines = 0;
  for (let at = batch.indexOf(LINE_END, from); at >= 0; at = batch.indexOf(LINE_END, at + 1)) lines += 1;
  return lines;
}

/** Readable for owner and group only, because lines contain client addresses and paths; a log shipper can join the group. */
const MODE = 0o640;

const openToAppend = (path: string): number => openSync(path, 'a', MODE);

/**
 * The same pipe with a separate non-blocking descriptor: a blocked thread could not be ended. The inherited
 * descriptor stays as it is, because other processes share its flags.
 */
function withoutWaiting(descriptor: number): number {
  try {
    return openSync(`/proc/self/fd/${String(descriptor)}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
