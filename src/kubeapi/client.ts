/** The Kubernetes API over HTTPS: requests with JSON bodies, and streams of watch events. It does not interpret the objects. */
import { Agent as PlainAgent, request as plainRequest, type IncomingMessage } from 'node:http';
import { Agent, request, type RequestOptions } from 'node:https';
import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import { TLSSocket } from 'node:tls';
import type { ApiServer } from './kube-config.ts';

/** The API server returned an error. `status` is the HTTP status; 409 is a conflict, 410 an expired resource version. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.reason = reason;
  }
}

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly contentType?: string;
  readonly accept?: string;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: KubeObject & {
    readonly code?: number;
    readonly reason?: string;
    readonly message?: string;
  };
}

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly creationTimestamp?: string;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
  };
}

/** Without a response for this long, the connection is considered dead. */
const REQUEST_TIMEOUT_MS = 30_000;
/**
 * A watch without a byte for this long is considered dead and resumed: API servers send bookmarks once a
 * minute, and a lost node sends nothing.
 */
const WATCH_IDLE_MS = 150_000;
/**
 * An attempt to connect is given up then. The system repeats it ever more rarely and gives up after two minutes: it would notice late that
 * the server is back.
 */
const CONNECT_TIMEOUT_MS = 10_000;
/** Maximum number of retries of a request that the server throttled (429, or 503 with Retry-After), and maximum delay of each. */
const MAX_DEFERRALS = 6;
const MAX_DEFERRAL_MS = 10_000;

export interface ClientLimits {
  /** Until TLS is established. */
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly watchIdleMs: number;
}

const DEFAULT_LIMITS: ClientLimits = {
  connectTimeoutMs: CONNECT_TIMEOUT_MS,
  requestTimeoutMs: REQUEST_TIMEOUT_MS,
  watchIdleMs: WATCH_IDLE_MS,
};

export class KubeClient {
  readonly #server: ApiServer;
  readonly #limits: ClientLimits;
  readonly #agent: Agent | PlainAgent;

  constructor(server: ApiServer, limits: ClientLimits = DEFAULT_LIMITS) {
    this.#server = server;
    this.#limits = limits;
    const common = { keepAlive: true, maxSockets: Infinity };
    // Without TLS only if the kubeconfig requests it, as with `kubectl proxy`.
    this.#agent =
      server.url.protocol === 'http:'
        ? new PlainAgent(common)
        : new Agent({
            ...common,
            ...(server.ca === null ? {} : { ca: server.ca }),
            ...(server.clientCertificate ?? {}),
            rejectUnauthorized: !server.skipVerification,
          });
  }

  /** The decoded response; throws `ApiError`, or the error of the connection. Throttled requests are retried. */
  async call(call: Call): Promise<unknown> {
    for (let deferrals = 0; ; deferrals += 1) {
      const response = await this.#send(call, this.#limits.requestTimeoutMs);
      const text = await readText(response);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return JSON.parse(text) as unknown;
      const deferralMs = deferralOf(response);
      if (deferralMs === null || deferrals >= MAX_DEFERRALS) throw toApiError(status, text);
      await delay(deferralMs, undefined, call.signal === undefined ? {} : { signal: call.signal });
    }
  }

  /**
   * Events until the server ends the stream, which it does after `timeoutSeconds` of the query; throws when the stream
   * breaks, falls silent or begins with a refusal.
   */
  async *watch(call: Omit<Call, 'method'>): AsyncGenerator<WatchEvent> {
    const response = await this.#send({ ...call, method: 'GET' }, this.#limits.watchIdleMs);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw toApiError(status, await readText(response));
    const decoder = new StringDecoder('utf8');
    let begun = '';
    try {
      for await (const chunk of response) {
        const lines = (begun + decoder.write(chunk as Buffer)).split('\n');
        begun = lines.pop() ?? '';
        for (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
      }
    } finally {
      response.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #send(call: Call, timeoutMs: number): Promise<IncomingMessage> {
    const token = await this.#server.token();
    const url = new URL(call.path, this.#server.url);
    for (const [key, value] of Object.entries(call.query ?? {})) url.searchParams.set(key, value);
    const body = call.body === undefined ? null : Buffer.from(JSON.stringify(call.body));
    const options: RequestOptions = {
      agent: this.#agent,
      method: call.method,
      timeout: timeoutMs,
      headers: {
        accept: call.accept ?? 'application/json',
        'user-agent': 'sluice',
        ...(token === null ? {} : { authorization: `Bearer ${token}` }),
        ...(body === null
          ? {}
          : { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
      },
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    };
    const begin = url.protocol === 'http:' ? plainRequest : request;
    return new Promise((resolve, reject) => {
      const outgoing = begin(url, options, resolve);
      outgoing.on('error', reject);
      outgoing.on('socket', (socket) => {
        if (!outgoing.reusedSocket) limitConnecting(socket, this.#limits.connectTimeoutMs);
      });
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${call.method} ${call.path}`)));
      outgoing.end(body ?? undefined);
    });
  }
}

function limitConnecting(socket: Socket, timeoutMs: number): void {
  const timer = setTimeout(() => {
    socket.destroy(new Error(`no connection within ${String(timeoutMs)} ms`));
  }, timeoutMs);
  const stop = (): void => {
    clearTimeout(timer);
  };
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', stop);
  socket.once('close', stop);
}

/** Delay that the server requests before a retry; null if it requests none. */
function deferralOf({ statusCode, headers }: IncomingMessage): number | null {
  const seconds = Number(headers['retry-after']);
  const isDeferred = statusCode === 429 || (statusCode === 503 && Number.isFinite(seconds));
  if (!isDeferred) return null;
  return (
    Math.min(Number.isFinite(seconds) ? seconds * 1000 : 1000, MAX_DEFERRAL_MS) * (0.75 + Math.random() / 2)
  );
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function toApiError(status: number, text: string): ApiError {
  try {
    const { reason, message } = JSON.parse(text) as { readonly reason?: string; readonly message?: string };
    return new ApiError(status, reason ?? '', message ?? text);
  } catch {
    return new ApiError(status, '', text.slice(0, 500));
  }
}
