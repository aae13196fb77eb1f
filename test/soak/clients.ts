/** One request of each kind, sent once, and how it ended. */
import http, { type IncomingMessage } from 'node:http';
import http2, { type ClientHttp2Session, type IncomingHttpHeaders } from 'node:http2';
import type { ClientKind } from './scenarios.ts';

export type End =
  | { readonly kind: 'answered' }
  /** An error in the place of the answer: its status, and the reason of the gateway where it has one. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** Nothing, or not all of it. */
  | { readonly kind: 'broken'; readonly hadHead: boolean; readonly reason: string }
  /** Another answer than the one to this request. */
  | { readonly kind: 'wrong'; readonly reason: string };

export interface SoakClient {
  /** Resolves whatever happens. */
  ask(path: string): Promise<End>;
  close(): void;
}

/** How long clients wait. */
const ANSWER_TIMEOUT_MS = 15_000;
const POST_BODY = Buffer.alloc(512, 'b');
const GRPC_MESSAGE = Buffer.from([0, 0, 0, 0, 0]);
const GRPC_ANSWER = Buffer.from([0, 0, 0, 0, 2, 8, 1]).toString('latin1');

/** The body of an answer that the gateway made begins with its reason. */
const reasonIn = (text: string): string => /^[a-z_]+(?=:)/u.exec(text)?.[0] ?? 'of the backend';

/** `answer`: what a complete one with status 200 must be. */
function classify(status: number, body: string, answer: string): End {
  if (status !== 200) return { kind: 'refused', reason: `${String(status)} ${reasonIn(body)}` };
  if (body === answer) return { kind: 'answered' };
  return { kind: 'wrong', reason: `${JSON.stringify(body.slice(0, 50))} for ${answer}` };
}

const codeOf = (error: Error): string => (error as NodeJS.ErrnoException).code ?? error.message;

class Http1Client implements SoakClient {
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #options: http.RequestOptions;
  readonly #body: Buffer | undefined;

  constructor(port: number, host: string, method: 'GET' | 'POST') {
    this.#body = method === 'POST' ? POST_BODY : undefined;
    const length = method === 'POST' ? { 'content-length': POST_BODY.length } : {};
    this.#options = {
      host: '127.0.0.1',
      port,
      method,
      headers: { host, ...length },
      agent: this.#agent,
      timeout: ANSWER_TIMEOUT_MS,
    };
  }

  ask(path: string): Promise<End> {
    return new Promise((resolve) => {
      const outgoing = http.request({ ...this.#options, path });
      let hadHead = false;
      const broken = (error: Error): void => resolve({ kind: 'broken', hadHead, reason: codeOf(error) });
      outgoing.on('timeout', () => outgoing.destroy(new Error('no response in time')));
      outgoing.on('error', broken);
      outgoing.on('response', (incoming: IncomingMessage) => {
        hadHead = true;
        let body = '';
        incoming.setEncoding('latin1').on('data', (text: string) => (body += text));
        incoming.on('error', broken);
        incoming.on('end', () => resolve(classify(incoming.statusCode ?? 0, body, path)));
      });
      outgoing.end(this.#body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

class Http2Client implements SoakClient {
  readonly #port: number;
  readonly #head: Readonly<Record<string, string>>;
  readonly #isGrpc: boolean;
  #session: ClientHttp2Session | null = null;

  constructor(port: number, host: string, isGrpc: boolean) {
    this.#port = port;
    this.#isGrpc = isGrpc;
    const grpc = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
    this.#head = { ':authority': host, ...(isGrpc ? grpc : {}) };
  }

  #connected(): ClientHttp2Session {
    const known = this.#session;
    if (known !== null && !known.closed && !known.destroyed) return known;
    const session = http2.connect(`http://127.0.0.1:${String(this.#port)}`);
    session.on('error', () => undefined);
    this.#session = session;
    return session;
  }

  ask(path: string): Promise<End> {
    return new Promise((resolve) => {
      const stream = this.#connected().request({ ...this.#head, ':path': path });
      let head: IncomingHttpHeaders | null = null;
      let trailers: IncomingHttpHeaders = {};
      let body = '';
      let isComplete = false;
      let why = 'closed';
      stream.setTimeout(ANSWER_TIMEOUT_MS, () => stream.close());
      stream.setEncoding('latin1').on('data', (text: string) => (body += text));
      stream.on('response', (headers: IncomingHttpHeaders) => (head = headers));
      stream.on('trailers', (headers: IncomingHttpHeaders) => (trailers = headers));
      stream.on('end', () => (isComplete = stream.rstCode === 0));
      stream.on('error', (error: Error) => (why = codeOf(error)));
      stream.on('close', () => {
        if (head === null || !isComplete || stream.rstCode !== 0) {
          resolve({ kind: 'broken', hadHead: head !== null, reason: `${why} ${String(stream.rstCode)}` });
        } else if (this.#isGrpc) resolve(classifyCall(head, trailers, body));
        else resolve(classify(Number(head[':status']), body, path));
      });
      stream.end(this.#isGrpc ? GRPC_MESSAGE : undefined);
    });
  }

  close(): void {
    this.#session?.close();
  }
}

/** A status in the head is an answer that never began; one in the trailers ended what had. */
function classifyCall(head: IncomingHttpHeaders, trailers: IncomingHttpHeaders, body: string): End {
  const fields = head['grpc-status'] === undefined ? trailers : head;
  const reason = `grpc-status ${String(fields['grpc-status'])} ${reasonIn(String(fields['grpc-message'] ?? ''))}`;
  if (fields['grpc-status'] === '0') {
    return body === GRPC_ANSWER ? { kind: 'answered' } : { kind: 'wrong', reason: JSON.stringify(body) };
  }
  return fields === head ? { kind: 'refused', reason } : { kind: 'broken', hadHead: true, reason };
}

export function createClient(kind: ClientKind, port: number, host: string): SoakClient {
  switch (kind) {
    case 'GET over HTTP/1.1':
      return new Http1Client(port, host, 'GET');
    case 'POST over HTTP/1.1':
      return new Http1Client(port, host, 'POST');
    case 'GET over HTTP/2':
      return new Http2Client(port, host, false);
    case 'gRPC':
      return new Http2Client(port, host, true);
  }
}
