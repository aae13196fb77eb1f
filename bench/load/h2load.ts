/** h2load as the load generator of HTTP/2 and gRPC. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { output } from '../tools/command.ts';
import type { Tool } from '../tools/tool.ts';

export interface H2Load {
  readonly port: number;
  readonly tls: boolean;
  readonly connections: number;
  /** Open at once on each connection. */
  readonly streams: number;
  readonly seconds: number;
  readonly path: string;
  readonly fields: readonly string[];
  /** Sent with POST; null = GET. */
  readonly body: Buffer | null;
  /** Of every answer. An error of gRPC is answered with status 200: what tells it is that it has no message. */
  readonly answerBytes: number;
}

export interface H2LoadTotals {
  readonly requests: number;
  /** Not answered with 2xx, or not at all. */
  readonly failed: number;
  /** Of all answers, without heads and frames. */
  readonly bodyBytes: number;
}

/** The totals in what h2load says at its end; null when they are not there. */
export function parseH2Load(text: string): H2LoadTotals | null {
  const requests =
    /^requests: .* (?<done>\d+) done, .* (?<failed>\d+) failed, (?<errored>\d+) errored, (?<timeout>\d+) timeout$/mu.exec(
      text,
    )?.groups;
  const codes = /^status codes: (?<ok>\d+) 2xx/mu.exec(text)?.groups;
  const body = /^traffic: .*\((?<bytes>\d+)\) data$/mu.exec(text)?.groups;
  if (requests === undefined || codes === undefined || body === undefined) return null;
  const done = Number(requests['done']);
  const lost = Number(requests['failed']) + Number(requests['errored']) + Number(requests['timeout']);
  return {
    requests: done,
    failed: Math.max(lost, done - Number(codes['ok'])),
    bodyBytes: Number(body['bytes']),
  };
}

/** How many requests were answered; rejects when any failed. */
export async function runH2Load(h2load: Tool, load: H2Load, folder: string): Promise<number> {
  const bodyFile = join(folder, 'body.bin');
  if (load.body !== null) writeFileSync(bodyFile, load.body);
  const text = await output(h2load, [
    '-t1',
    `-c${load.connections}`,
    `-m${load.streams}`,
    `-D${load.seconds}`,
    ...load.fields.flatMap((field) => ['-H', field]),
    ...(load.body === null ? [] : ['-d', bodyFile]),
    `${load.tls ? 'https' : 'http'}://127.0.0.1:${load.port}${load.path}`,
  ]);
  const totals = parseH2Load(text);
  if (totals === null) throw new Error(`h2load said nothing of its totals:\n${text}`);
  const { requests, failed, bodyBytes } = totals;
  if (requests === 0 || failed > 0) throw new Error(`${failed} of ${requests} requests failed:\n${text}`);
  // Time may end in the middle of an answer.
  const inFlight = load.connections * load.streams;
  if (bodyBytes < (requests - inFlight) * load.answerBytes) {
    throw new Error(`the answers hold only ${bodyBytes} bytes:\n${text}`);
  }
  return requests;
}
