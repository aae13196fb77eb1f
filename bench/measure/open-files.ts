/** How many descriptors a process may have here; proxies need two for a connection, their own besides. */
import { readFileSync } from 'node:fs';

/** The hard limit: programs of the comparison raise their own soft one to it. */
function openFilesLimit(): number {
  const line = /^Max open files\s+\S+\s+(\S+)/mu.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return line === undefined || line === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(line);
}

/** At most `wanted`: as many connections as any proxy here can hold, each with an upstream one. */
export const connectionsPossible = (wanted: number): number =>
  Math.min(wanted, Math.floor((openFilesLimit() - 500) / 2));
