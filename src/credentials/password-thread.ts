/** Entry of the thread that hashes passwords. */
import { parentPort } from 'node:worker_threads';
import { verifyPassword } from './verify-password.ts';

export interface HashTask {
  readonly id: number;
  readonly password: Uint8Array;
  readonly hash: string;
}

export interface HashResult {
  readonly id: number;
  readonly matches: boolean;
}

parentPort?.on('message', ({ id, password, hash }: HashTask) => {
  const result: HashResult = { id, matches: verifyPassword(Buffer.from(password), hash) };
  parentPort?.postMessage(result);
});
