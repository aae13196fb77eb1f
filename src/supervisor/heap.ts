/**
 * Settings of this process's V8 heap. A configuration arrives in one large message: its text is many times larger than the
 * decoded objects, and by default V8 keeps both until memory is short.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: {
  readonly type: 'major';
  readonly execution: 'sync';
  readonly flavor: 'last-resort';
}) => void;

let collect: Collect | null = null;

/** Returns unused memory, including the young generation. Stops the process for milliseconds, so call it when no request waits. */
export function collectGarbage(): void {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as Collect;
  }
  collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}

/**
 * For a process that serves no requests: the young generation keeps its initial size (1 MiB), while it would grow to 32 MiB with each
 * configuration. Surviving objects are promoted earlier, which costs little here.
 */
export function keepYoungSpaceSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
