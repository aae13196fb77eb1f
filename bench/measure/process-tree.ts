/** CPU time and memory of a process and all its descendants, from /proc (Linux). */
import { readdirSync, readFileSync } from 'node:fs';

/** Kernel ticks of /proc are 1/100 s on every Linux that Node runs on (sysconf(_SC_CLK_TCK)). */
const MICROSECONDS_PER_TICK = 10_000;

export interface CpuTime {
  readonly userUs: number;
  readonly systemUs: number;
}

interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Own time plus that of children which have ended and were waited for. */
  readonly cpu: CpuTime;
}

/** proc(5): fields after the command name, which may itself hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    cpu: {
      userUs: (field(14) + field(16)) * MICROSECONDS_PER_TICK,
      systemUs: (field(15) + field(17)) * MICROSECONDS_PER_TICK,
    },
  };
}

function readProcess(pid: number): ProcessStat | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return null; // It ended between the listing and the read.
  }
}

function processTree(root: number): ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .map((name) => readProcess(Number(name)))
    .filter((stat) => stat !== null);
  const tree: ProcessStat[] = all.filter((stat) => stat.pid === root);
  for (const member of tree) tree.push(...all.filter((stat) => stat.parent === member.pid));
  return tree;
}

/** User and system time of the whole tree since it started. */
export function cpuOfTree(root: number): CpuTime {
  const tree = processTree(root);
  if (tree.length === 0) throw new Error(`process ${root} is gone`);
  return {
    userUs: tree.reduce((sum, { cpu }) => sum + cpu.userUs, 0),
    systemUs: tree.reduce((sum, { cpu }) => sum + cpu.systemUs, 0),
  };
}

export interface ProcessMemory {
  readonly pid: number;
  /** It has no children: a worker where there are several processes. */
  readonly leaf: boolean;
  /** Resident pages, shared ones included. */
  readonly rssKib: number;
  /** Resident pages with each shared one divided among its users: sums add up to what the machine spends. */
  readonly pssKib: number;
}

function memoryOf(pid: number, leaf: boolean): ProcessMemory {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'mu').exec(rollup)?.[1]);
  return { pid, leaf, rssKib: kib('Rss'), pssKib: kib('Pss') };
}

export function memoryOfTree(root: number): ProcessMemory[] {
  const tree = processTree(root);
  return tree.map(({ pid }) => memoryOf(pid, !tree.some(({ parent }) => parent === pid)));
}

/** The most that was ever resident of one process, shared pages included. */
export function peakKibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB/mu.exec(status)?.[1]);
}
