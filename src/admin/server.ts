/**
 * The admin API: what is served, since when, and why; for people on the same machine and for scrapers. Read-only. It listens on
 * loopback unless told otherwise, and answers only to names that cannot come from a web page (DNS rebinding).
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers GET requests of one path. */
export type AdminHandler = (url: URL) => AdminAnswer | Promise<AdminAnswer>;

export const json = (value: unknown, status = 200): AdminAnswer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: `${JSON.stringify(value, null, 2)}\n`,
});

export const text = (body: string, status = 200): AdminAnswer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: body.endsWith('\n') ? body : `${body}\n`,
});

/** Of `/healthz`; `problem`: null when there is none. */
export const health = (problem: string | null): AdminAnswer =>
  problem === null ? text('ok') : text(problem, 503);

export interface AdminServerOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** By path, such as `/healthz`. */
  readonly handlers: Readonly<Record<string, AdminHandler>>;
  readonly logger: Logger;
}

export interface AdminServer {
  /** `host:port` it is bound to. */
  readonly address: string;
  close(): Promise<void>;
}

const IDLE_TIMEOUT_MS = 60_000;

/** Rejects when the address cannot be bound. */
export function startAdminServer(options: AdminServerOptions): Promise<AdminServer> {
  const server = createServer((request, response) => {
    void answer(options, request, response);
  });
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  // A client that does not read its answer.
  server.timeout = IDLE_TIMEOUT_MS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.off('error', reject);
      resolve({ address: boundAddress(server), close: () => closeServer(server) });
    });
  });
}

function boundAddress(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  return `${family === 'IPv6' ? `[${address}]` : address}:${String(port)}`;
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => {
      resolve();
    });
    server.closeAllConnections();
  });

async function answer(
  { handlers, logger }: AdminServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const result = await decide(handlers, request).catch((error: unknown) => {
    logger.error('admin request failed', { path: request.url ?? '', error: String(error) });
    return text('internal error', 500);
  });
  response.writeHead(result.status, {
    'content-type': result.contentType,
    'content-length': Buffer.byteLength(result.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(request.method === 'HEAD' ? undefined : result.body);
}

async function decide(
  handlers: AdminServerOptions['handlers'],
  request: IncomingMessage,
): Promise<AdminAnswer> {
  if (!isLocalName(request.headers.host ?? '')) {
    return text('ask by IP address or as localhost', 403);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') return text('only GET is served here', 405);
  // `//` and the like are no paths of this server, and no URL either.
  const url = URL.parse(request.url ?? '/', 'http://admin');
  if (url === null) return text('not a path of this server', 400);
  const handler = Object.hasOwn(handlers, url.pathname) ? handlers[url.pathname] : undefined;
  if (handler !== undefined) return handler(url);
  return text(`nothing here; try ${Object.keys(handlers).join(', ')}`, url.pathname === '/' ? 200 : 404);
}

/** A page of another site can make a browser ask this server only under a name of that site. */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isIP(name) !== 0;
}
