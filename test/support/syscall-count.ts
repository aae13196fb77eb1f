/** Counts the system calls of a process with strace. For tests. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** For the option of `test`: false where there is strace. */
export const skipWithoutStrace = spawnSync('strace', ['-V']).error === undefined ? false : 'needs strace';

export interface Tracer {
  /** Calls by name since the tracer attached. */
  finish(): Promise<Map<string, number>>;
}

/** null if this machine does not permit tracing. */
export async function countSystemCalls(pid: number): Promise<Tracer | null> {
  const strace: ChildProcess = spawn('strace', ['-f', '-c', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const attached = new Promise<boolean>((resolve) => {
    strace.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('attached')) resolve(true);
    });
    strace.once('exit', () => {
      resolve(false);
    });
  });
  if (!(await attached)) return null;
  return {
    async finish() {
      const ended = once(strace, 'close');
      strace.kill('SIGINT');
      await ended;
      // "% time  seconds  usecs/call  calls  [errors]  syscall"
      const rows = [...text.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$/gmu)];
      return new Map(
        rows.flatMap(([, calls, name = '']) => (name === 'total' ? [] : [[name, Number(calls)]])),
      );
    },
  };
}
