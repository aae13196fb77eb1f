/** Errors of the gateway as gRPC and other clients of HTTP/2 see them. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import type { RouteRule } from '../../ir/route.ts';

interface Answer {
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly body: string;
}

async function ask(t: TestContext, path: string, contentType: string): Promise<Answer> {
  const action: RouteRule['action'] = {
    kind: 'forward',
    backends: [
      {
        kind: 'invalid',
        weight: 1,
        status: 500,
        reason: 'invalid_ref',
        message: '',
        origin: { kind: 'Service', namespace: 'test', name: 'gone' },
      },
    ],
  };
  const proxy = await TestProxy.start(
    testConfig({
      rules: [
        { pathPrefix: '/empty.Service', backends: [testBackend('a')] },
        { pathPrefix: '/broken.Service', action },
      ],
      endpoints: { a: [] },
    }),
  );
  const session = connect(`http://127.0.0.1:${proxy.port}`);
  t.after(async () => {
    session.destroy();
    await proxy.stop();
  });
  const stream = session.request({ ':method': 'POST', ':path': path, 'content-type': contentType });
  stream.end();
  const [headers] = (await once(stream, 'response')) as [Answer['headers']];
  let body = '';
  for await (const chunk of stream) body += String(chunk);
  return { headers, body };
}

suite('answers to gRPC', () => {
  for (const [path, status] of [
    ['/empty.Service/Call', '14'],
    ['/broken.Service/Call', '14'],
    ['/unknown.Service/Call', '12'],
  ] as const) {
    test(`${path} has grpc-status ${status}, in the head alone`, async (t) => {
      const { headers, body } = await ask(t, path, 'application/grpc+proto');
      assert.equal(headers[':status'], 200);
      assert.equal(headers['grpc-status'], status);
      assert.equal(headers['content-type'], 'application/grpc');
      assert.equal(body, '');
    });
  }

  test('other clients get HTTP', async (t) => {
    const { headers, body } = await ask(t, '/unknown.Service/Call', 'application/grpc-web');
    assert.equal(headers[':status'], 404);
    assert.equal(headers['grpc-status'], undefined);
    assert.match(body, /^no_rule/u);
  });
});
