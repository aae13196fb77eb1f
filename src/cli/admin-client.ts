/** Asks the admin API of a running gateway. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { HostPort } from './options.ts';

export const DEFAULT_ADMIN = '127.0.0.1:15000';
const TIMEOUT_MS = 5_000;

/** Rejects if the response is not 200. Not `fetch`, which blocks some ports like browsers. */
export async function askAdmin<Answer>({ host, port }: HostPort, path: string): Promise<Answer> {
  const request = get({ host, port, path, signal: AbortSignal.timeout(TIMEOUT_MS) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200)
    throw new Error(`it responded with ${String(response.statusCode)}: ${body.trim()}`);
  return JSON.parse(body) as Answer;
}

/** Lines for the terminal. */
export function describeNoAdmin(command: string, { host, port }: HostPort, error: unknown): string {
  const address = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  return [
    `sluice ${command}: no gateway responds on ${address} (${reasonOf(error)})`,
    'start one with "sluice run PATH", or name its admin API with --admin',
  ].join('\n');
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
