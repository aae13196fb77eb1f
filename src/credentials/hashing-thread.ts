/** Hashes passwords in a thread of its own, which starts with the first password. */
import { Worker } from 'node:worker_threads';
import type { HashResult, HashTask } from './password-thread.ts';

/** This file is TypeScript in a checkout and JavaScript in a release; so is its neighbour. */
const ENTRY = new URL(`./password-thread${import.meta.url.slice(-3)}`, import.meta.url);

/** More than this many would wait for several seconds. */
const MAX_QUEUE = 64;

interface Waiting {
  readonly resolve: (matches: boolean) => void;
  readonly reject: (error: Error) => void;
}

export class HashingThread {
  readonly #waiting = new Map<number, Waiting>();
  #thread: Worker | null = null;
  #nextId = 1;

  get isFull(): boolean {
    return this.#waiting.size >= MAX_QUEUE;
  }

  /** Rejects when the thread ends before it has answered. */
  matches(password: Buffer, hash: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const task: HashTask = { id: this.#nextId++, password, hash };
      this.#waiting.set(task.id, { resolve, reject });
      this.#running().postMessage(task);
    });
  }

  #running(): Worker {
    if (this.#thread !== null) return this.#thread;
    // Credentials of the process are not the thread's business.
    const thread = new Worker(ENTRY, { env: {} });
    thread.unref();
    thread.on('message', ({ id, matches }: HashResult) => {
      this.#waiting.get(id)?.resolve(matches);
      this.#waiting.delete(id);
    });
    const ended = (): void => {
      if (this.#thread === thread) this.#fail();
    };
    thread.on('error', ended);
    thread.on('exit', ended);
    this.#thread = thread;
    return thread;
  }

  /** The next password starts another thread. */
  #fail(): void {
    this.#thread = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Error('the hashing thread has ended'));
  }

  async close(): Promise<void> {
    const thread = this.#thread;
    this.#fail();
    await thread?.terminate();
  }
}
