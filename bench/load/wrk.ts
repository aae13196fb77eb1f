/** wrk as the load generator; a script of ours prints exact totals, which its own text rounds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';

export interface WrkLoad {
  readonly port: number;
  readonly tls: boolean;
  readonly connections: number;
  readonly seconds: number;
  /** Whole requests as they go over the wire, sent in turn. */
  readonly requests: readonly string[];
}

export interface LoadResult {
  readonly requests: number;
  /** Head and body of all answers. */
  readonly bytes: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Totals {
  readonly requests: number;
  readonly bytes: number;
  readonly errors: number;
  readonly p50: number;
  readonly p99: number;
}

const MARK = 'TOTALS ';

// JSON strings of printable ASCII with \r and \n are Lua strings, too.
const script = (requests: readonly string[]): string => `
local requests = { ${requests.map((text) => JSON.stringify(text)).join(',\n')} }
local index = 0
function request()
  index = index % #requests + 1
  return requests[index]
end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('${MARK}{"requests":%d,"bytes":%d,"errors":%d,"p50":%d,"p99":%d}\\n', summary.requests,
    summary.bytes, e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
`;

/** Rejects when any request failed or was answered with an error: such a sample compares nothing. */
export async function runWrk(wrk: Tool, load: WrkLoad, folder: string): Promise<LoadResult> {
  const path = join(folder, 'load.lua');
  writeFileSync(path, script(load.requests));
  const text = await output(wrk, [
    '-t1',
    `-c${load.connections}`,
    `-d${load.seconds}s`,
    '--timeout',
    '20s',
    '-s',
    path,
    `${load.tls ? 'https' : 'http'}://127.0.0.1:${load.port}/`,
  ]);
  const line = text.split('\n').find((candidate) => candidate.startsWith(MARK));
  if (line === undefined) throw new Error(`wrk said nothing of its totals:\n${text}`);
  const totals = JSON.parse(line.slice(MARK.length)) as Totals;
  if (totals.errors > 0) throw new Error(`${totals.errors} of ${totals.requests} requests failed:\n${text}`);
  if (totals.requests === 0) throw new Error(`no request was answered:\n${text}`);
  return {
    requests: totals.requests,
    bytes: totals.bytes,
    p50Ms: totals.p50 / 1000,
    p99Ms: totals.p99 / 1000,
  };
}
