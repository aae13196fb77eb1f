/** Deadlines of gRPC calls, and answers that break off, against clients that have no deadline of their own. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  connect,
  createServer,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { AddressInfo } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testCluster, testConfig, type TestRule } from '../../../test/support/gateway-config.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import { DEFAULT_TIMEOUTS } from '../../ir/policy.ts';

type Answer = (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void;

interface Setup {
  readonly answer: Answer;
  readonly rule?: TestRule;
  readonly headers?: Record<string, string>;
}

interface Call {
  readonly proxy: TestProxy;
  readonly stream: ClientHttp2Stream;
}

/** A call through a proxy to a backend that answers as `answer` says. */
async function call(t: TestContext, { answer, rule = {}, headers = {} }: Setup): Promise<Call> {
  const backend = createServer();
  backend.on('stream', (stream, head) => {
    stream.on('error', () => undefined);
    answer(stream, head);
  });
  backend.listen(0, '127.0.0.1');
  await once(backend, 'listening');
  const { port } = backend.address() as AddressInfo;
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], ...rule }],
      clusters: [testCluster('a', { protocol: 'h2' })],
      endpoints: { a: [port] },
    }),
  );
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  t.after(async () => {
    session.destroy();
    backend.close();
    await proxy.stop();
  });
  const stream = session.request({
    ':method': 'POST',
    ':path': '/a.B/C',
    'content-type': 'application/grpc',
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.end(Buffer.from([0, 0, 0, 0, 0]));
  return { proxy, stream };
}

const HEAD = { ':status': 200, 'content-type': 'application/grpc' };
const silent: Answer = () => undefined;
/** A message, and nothing after it. */
const oneMessage: Answer = (stream) => {
  stream.respond(HEAD);
  stream.write(Buffer.from([0, 0, 0, 0, 1, 7]));
};

async function trailersOf(stream: ClientHttp2Stream): Promise<IncomingHttpHeaders> {
  stream.resume();
  const [trailers] = (await once(stream, 'trailers')) as [IncomingHttpHeaders];
  return trailers;
}

suite('the deadline of a call', () => {
  test('it passes: the client has its status, and the backend hears of it', async (t) => {
    const reset = Promise.withResolvers<number>();
    const answer: Answer = (stream, headers) => {
      assert.equal(headers['grpc-timeout'], '50m');
      stream.on('close', () => {
        reset.resolve(stream.rstCode);
      });
    };
    const { proxy, stream } = await call(t, { answer, headers: { 'grpc-timeout': '50m' } });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(headers['grpc-status'], '4');
    assert.match(String(headers['grpc-message']), /^grpc_timeout/u);
    assert.notEqual(await reset.promise, 0);
    assert.equal(proxy.records[0]?.reason, 'grpc_timeout');
  });

  test('it passes in the middle of a stream: the status comes as trailers', async (t) => {
    const { stream } = await call(t, { answer: oneMessage, headers: { 'grpc-timeout': '50m' } });
    assert.equal((await trailersOf(stream))['grpc-status'], '4');
  });

  test('the shorter of deadline and limit of the rule counts', async (t) => {
    const rule = { timeouts: { ...DEFAULT_TIMEOUTS, requestMs: 50 } };
    const { stream } = await call(t, { answer: silent, rule, headers: { 'grpc-timeout': '1H' } });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.match(String(headers['grpc-message']), /^request_timeout/u);
  });

  test('no deadline, or none that gRPC knows: the backend may take its time', async (t) => {
    const answer: Answer = (stream, headers) => {
      assert.equal(headers['grpc-timeout'], '1');
      stream.respond({ ...HEAD, 'grpc-status': '0' }, { endStream: true });
    };
    const { stream } = await call(t, { answer, headers: { 'grpc-timeout': '1' } });
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(headers['grpc-status'], '0');
  });

  test('what is no call has none', async (t) => {
    const answer: Answer = (stream) => {
      setTimeout(() => {
        stream.respond({ ':status': 200 }, { endStream: true });
      }, 60);
    };
    const headers = { 'grpc-timeout': '1m', 'content-type': 'text/plain' };
    const { stream } = await call(t, { answer, headers });
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders];
    assert.equal(head[':status'], 200);
    assert.equal(head['grpc-status'], undefined);
  });
});

suite('an answer that breaks off', () => {
  const broken: Answer = (stream) => {
    oneMessage(stream, {});
    setImmediate(() => stream.session?.destroy());
  };

  test('a call ends with UNAVAILABLE', async (t) => {
    const { stream } = await call(t, { answer: broken });
    const trailers = await trailersOf(stream);
    assert.equal(trailers['grpc-status'], '14');
    assert.match(String(trailers['grpc-message']), /^upstream_reset/u);
  });

  test('anything else is reset, so that it cannot be taken for complete', async (t) => {
    const { stream } = await call(t, { answer: broken, headers: { 'content-type': 'text/plain' } });
    stream.resume();
    // `once` would reject for the error that comes with the reset.
    await new Promise<void>((resolve) => stream.once('close', resolve));
    assert.notEqual(stream.rstCode, 0);
  });
});
