/** The Kubernetes API over HTTPS: requests with JSON bodies, and streams of watch events. Nothing of a kind's meaning. */
import { Agent, request, type RequestOptions } from 'node:https';
import type { IncomingMessage } from 'node:http';
import { createInterface } from 'node:readline';
import type { ApiServer } from './kube-config.ts';

/** The API server said no. `status` is the HTTP status; 409 is a conflict, 410 an expired resource version. */
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
  };
}

/** Waits without an answer for this long mean a dead connection. */
const REQUEST_TIMEOUT_MS = 30_000;

export class KubeClient {
  readonly #server: ApiServer;
  readonly #agent: Agent;

  constructor(server: ApiServer) {
    this.#server = server;
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: Infinity,
      ...(server.ca === null ? {} : { ca: server.ca }),
      ...(server.clientCertificate ?? {}),
      rejectUnauthorized: !server.skipVerification,
    });
  }

  /** The decoded answer; throws `ApiError`, or the error of the connection. */
  async call(call: Call): Promise<unknown> {
    const response = await this.#send(call, REQUEST_TIMEOUT_MS);
    const text = await readText(response);
    const status = response.statusCode ?? 0;
    if (status >= 200 && status < 300) return JSON.parse(text) as unknown;
    throw toApiError(status, text);
  }

  /**
   * Events until the server ends the stream, which it does after `timeoutSeconds` of the query; throws when the stream
   * breaks or begins with a refusal.
   */
  async *watch(call: Omit<Call, 'method'>): AsyncGenerator<WatchEvent> {
    const response = await this.#send({ ...call, method: 'GET' }, 0);
    const status = response.statusCode ?? 0;
    if (status !== 200) throw toApiError(status, await readText(response));
    const lines = createInterface({ input: response, crlfDelay: Infinity });
    try {
      for await (const line of lines) if (line !== '') yield JSON.parse(line) as WatchEvent;
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
    return new Promise((resolve, reject) => {
      const outgoing = request(url, options, resolve);
      outgoing.on('error', reject);
      outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer to ${call.method} ${call.path}`)));
      outgoing.end(body ?? undefined);
    });
  }
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
