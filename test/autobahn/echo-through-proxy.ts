/** An echo server for WebSocket, and the data plane in front of it. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { testBackend, testConfig } from '../support/gateway-config.ts';
import { TestProxy } from '../support/test-proxy.ts';
import { runWstest, type Verdict, type Verdicts, type WstestRun } from './wstest.ts';

const MAX_MESSAGE_BYTES = 67_108_864;

export interface Comparison {
  readonly direct: Verdicts;
  readonly through: Verdicts;
}

/** The same cases against the echo server itself, and through the gateway. */
export async function compare(
  folder: string,
  cases: Pick<WstestRun, 'cases' | 'exclude'>,
): Promise<Comparison> {
  const echo = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    perMessageDeflate: true,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  echo.on('connection', (socket) => {
    socket.on('error', () => undefined);
    socket.on('message', (message, binary) => {
      socket.send(message as Buffer, { binary });
    });
  });
  await once(echo, 'listening');
  const { port } = echo.address() as AddressInfo;
  const proxy = await TestProxy.start(
    testConfig({ rules: [{ backends: [testBackend('echo')] }], endpoints: { echo: [port] } }),
  );
  try {
    const servers = { direct: port, through: proxy.port };
    const results = await runWstest(folder, { servers, ...cases });
    return { direct: results.get('direct') ?? new Map(), through: results.get('through') ?? new Map() };
  } finally {
    await proxy.stop();
    echo.close();
  }
}

const inWords = (verdict: Verdict | undefined): string =>
  verdict === undefined ? 'not run' : `${verdict.behavior}, close ${verdict.behaviorClose}`;

/** Cases whose verdict the gateway changes, a line each. */
export function changed({ direct, through }: Comparison): string[] {
  return [...direct]
    .map(([id, verdict]) => ({ id, before: inWords(verdict), after: inWords(through.get(id)) }))
    .filter(({ before, after }) => before !== after)
    .map(({ id, before, after }) => `${id}: ${before}; through the gateway ${after}`);
}

/** How often each verdict was given. */
export function tally(verdicts: Verdicts): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts.values()) counts[inWords(verdict)] = (counts[inWords(verdict)] ?? 0) + 1;
  return counts;
}
