/** An endpoint over HTTP/2 that misbehaves as it is told to. To gRPC it answers one message, to the rest the path. */
import http2, { type Http2Session, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { ANSWER_MS, Endpoint } from './endpoint.ts';
import type { H2Mode } from './scenarios.ts';

/** Also says SERVING, as grpc.health.v1 has it. */
const GRPC_ANSWER = Buffer.from([0, 0, 0, 0, 2, 8, 1]);
const GRPC_HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const { NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = http2.constants;

export class H2Endpoint extends Endpoint {
  readonly #leaving = new WeakSet<Http2Session>();

  private constructor(host: string) {
    const server = http2.createServer();
    super(host, server, 'session');
    server.on('sessionError', () => undefined);
    server.on('stream', (stream, headers) => {
      stream.on('error', () => undefined).resume();
      this.#answer(stream, headers);
    });
  }

  static start(host: string): Promise<H2Endpoint> {
    return new H2Endpoint(host).listen();
  }

  #answer(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
    const isGrpc = headers['content-type'] === 'application/grpc';
    const well = (): void => answerWell(stream, isGrpc, headers[':path'] ?? '');
    switch (this.mode as H2Mode) {
      case 'hangs':
        return;
      case 'goaway-after-answer':
        well();
        stream.session?.close();
        return;
      case 'goaway-unseen': {
        const { session } = stream;
        if (session === undefined || this.#leaving.has(session)) return;
        this.#leaving.add(session);
        // Streams before this one end as they may; this one and later ones were not looked at.
        session.goaway(NGHTTP2_NO_ERROR, Math.max(0, (stream.id ?? 0) - 2));
        setTimeout(() => session.destroy(), 2 * ANSWER_MS);
        return;
      }
      case 'rst-stream':
        stream.destroy(new Error('a fault'));
        return;
      case 'refused-stream':
        stream.close(NGHTTP2_REFUSED_STREAM);
        return;
      case 'connection-reset':
        stream.session?.destroy();
        return;
      case 'unavailable':
        if (isGrpc) stream.respond({ ...GRPC_HEAD, 'grpc-status': '14' }, { endStream: true });
        else stream.respond({ ':status': 503 }, { endStream: true });
        return;
      case 'rst-after-head':
        stream.respond(GRPC_HEAD);
        stream.write(GRPC_ANSWER.subarray(0, 6), () => {
          // Not `close`, which would end the answer well before it resets the stream.
          setTimeout(() => stream.destroy(new Error('a fault')), ANSWER_MS);
        });
        return;
      case 'well':
      case 'refuses':
        well();
    }
  }
}

function answerWell(stream: ServerHttp2Stream, isGrpc: boolean, path: string): void {
  setTimeout(() => {
    if (stream.destroyed) return;
    stream.respond(isGrpc ? GRPC_HEAD : { ':status': 200 }, { waitForTrailers: isGrpc });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(isGrpc ? GRPC_ANSWER : path);
  }, ANSWER_MS);
}
