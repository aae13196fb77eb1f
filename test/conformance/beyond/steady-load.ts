/** A steady load on an address of the cluster, with the results of its requests. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { inNamespace, runAsync } from '../cluster/command.ts';

/** `fresh` and `tls`: a connection for each request. */
export type LoadKind = 'keep-alive' | 'fresh' | 'h2' | 'websocket' | 'tls';

/** In the clear. */
export const ALL_KINDS: readonly LoadKind[] = ['keep-alive', 'fresh', 'h2', 'websocket'];

export interface LoadFailure {
  readonly kind: LoadKind;
  /** Since the load's start. */
  readonly atMs: number;
  readonly message: string;
}

export interface LoadReport {
  readonly answered: Readonly<Record<LoadKind, number>>;
  readonly failures: readonly LoadFailure[];
}

export interface LoadTarget {
  readonly address: string;
  readonly host: string;
  readonly kinds: readonly LoadKind[];
}

/** Runs `change` under load, and returns the results of the requests before, during and after it. */
export async function underLoad(target: LoadTarget, change: () => Promise<void>): Promise<LoadReport> {
  const [program, words] = inNamespace(process.execPath, [
    join(import.meta.dirname, 'load-client.ts'),
    target.address,
    target.host,
    ...target.kinds,
  ]);
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  const output = text(child.stdout);
  const ended = once(child, 'close');
  try {
    await change();
  } finally {
    child.stdin.end();
    await ended;
  }
  return JSON.parse(await output) as LoadReport;
}

/** Status of one request on a connection of its own. */
export async function statusOf(address: string, host: string): Promise<number> {
  const format = '%{http_code}';
  const words = [
    '-s',
    '-o',
    '/dev/null',
    '-m',
    '5',
    '-w',
    format,
    '-H',
    `host: ${host}`,
    `http://${address}/`,
  ];
  const [program, entered] = inNamespace('curl', words);
  return Number(await runAsync(program, entered));
}

/** Fails when a request failed, or when none was answered. */
export function assertNothingLost(report: LoadReport, kinds: readonly LoadKind[]): void {
  assert.deepEqual(report.failures, []);
  for (const kind of kinds) assert.notEqual(report.answered[kind], 0, `no request over ${kind} was answered`);
}
