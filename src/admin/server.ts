/**
 * The admin API: what is served, since when, and why; for users on the same machine and for scrapers. Read-only. It listens on
 * loopback by default, and accepts only host names that a web page cannot use (DNS rebinding).
 */
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from 'node:http';
import { isIP, type AddressInfo } from 'node:net';
import { visibleJson } from '../lib/visible-text.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Additional fields; absent = none. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A streaming response. */
export interface AdminStream {
  readonly headers: Readonly<Record<string, string>>;
  /** Gets the response once its headers are written, and ends it. */
  readonly start: (response: ServerResponse) => void;
}

export interface AdminRequest {
  readonly url: URL;
  readonly method: 'GET' | 'HEAD';
  readonly headers: IncomingHttpHeaders;
}

/** Handles GET and HEAD requests of one path. */
export type AdminHandler = (
  request: AdminRequest,
) => AdminAnswer | AdminStream | Promise<AdminAnswer | AdminStream>;

export const json = (value: unknown, status = 200): AdminAnswer => ({
  status,
  contentType: 'application/json; charset=utf-8',
  body: `${visibleJson(JSON.stringify(value, null, 2))}\n`,
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
  /** By path, such as `/healthz`; one that ends in a slash handles every path with that prefix. */
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
  // A client that does not read its response.
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

const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

const NOT_MODIFIED = 304;

const contentHeaders = ({ contentType, body }: AdminAnswer): OutgoingHttpHeaders => ({
  'content-type': contentType,
  'content-length': Buffer.byteLength(body),
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
  if ('start' in result) {
    response.writeHead(200, { ...COMMON_HEADERS, ...result.headers });
    result.start(response);
    return;
  }
  response.writeHead(result.status, {
    ...COMMON_HEADERS,
    ...(result.status === NOT_MODIFIED ? {} : contentHeaders(result)),
    ...result.headers,
  });
  response.end(request.method === 'HEAD' ? undefined : result.body);
}

async function decide(
  handlers: AdminServerOptions['handlers'],
  request: IncomingMessage,
): Promise<AdminAnswer | AdminStream> {
  if (!isLocalName(request.headers.host ?? '')) {
    return text('use an IP address or localhost as the host', 403);
  }
  // `//` and the like are neither paths of this server nor URLs.
  const url = URL.parse(request.url ?? '/', 'http://admin');
  if (url === null) return text('not a path of this server', 400);
  const { method, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return methodNotAllowed(url.pathname);
  const handler = handlerFor(handlers, url.pathname);
  if (handler !== undefined) return handler({ url, method, headers });
  return text(`nothing here; try ${Object.keys(handlers).join(', ')}`, url.pathname === '/' ? 200 : 404);
}

function handlerFor(handlers: AdminServerOptions['handlers'], path: string): AdminHandler | undefined {
  if (Object.hasOwn(handlers, path)) return handlers[path];
  const prefixes = Object.keys(handlers).filter((one) => one.endsWith('/') && path.startsWith(one));
  const [longest] = prefixes.toSorted((a, b) => b.length - a.length);
  return longest === undefined ? undefined : handlers[longest];
}

function methodNotAllowed(path: string): AdminAnswer {
  const error = 'only GET and HEAD are supported';
  const answer = path.startsWith('/api/') ? json({ error, hint: null }, 405) : text(error, 405);
  return { ...answer, headers: { allow: 'GET, HEAD' } };
}

/** A page of another site can make a browser send requests here only with a host name of that site. */
function isLocalName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name === 'localhost' || isIP(name) !== 0;
}
