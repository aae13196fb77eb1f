/** A plain HTTP/1.1 client for end-to-end tests: one request, the whole answer. */
import { once } from 'node:events';
import { request, type Agent, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface SentRequest {
  readonly port: number;
  /** The `Host` field; default `localhost`. */
  readonly host?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Keeps connections; without one every request has its own. */
  readonly agent?: Agent;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Rejects when no whole answer comes. */
export async function send(sent: SentRequest): Promise<Answer> {
  const outgoing = request({
    host: '127.0.0.1',
    port: sent.port,
    method: sent.method ?? 'GET',
    path: sent.path ?? '/',
    headers: { host: sent.host ?? 'localhost', ...sent.headers },
    agent: sent.agent ?? false,
  });
  outgoing.end(sent.body);
  const [incoming] = (await once(outgoing, 'response')) as [IncomingMessage];
  const body = await text(incoming);
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body };
}
