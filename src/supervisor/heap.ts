/**
 * Settings of this process's V8 heap. A configuration comes in one large message: what it is read from is many times what is kept of
 * it, and left to itself V8 keeps both until it is short of memory.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}) => void;

let collect: Collect | null = null;

/** Gives back what is not used, the space for young objects included. Stops the process for milliseconds: for moments when no request waits. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * For a process that serves no requests: the space for young objects stays as it starts (1 MiB), while it would grow to 32 MiB with each
 * configuration that passes. Objects that live are moved out sooner; there are few who wait for that.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
