/** RFC 9113 and RFC 7541 as an outside suite reads them, against listeners of the whole data plane. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { startEcho } from '../../src/echo/server.ts';
import { listenerTls } from '../support/tls-listener.ts';
import { mintCertificate } from '../support/certificates.ts';
import { testBackend, testConfig } from '../support/gateway-config.ts';
import { TestProxy } from '../support/test-proxy.ts';
import { buildH2spec, runH2spec } from './h2spec.ts';

/** Cases of h2spec 2.2.1 in strict mode. */
const CASES = 146;

async function startProxy(t: TestContext, isTls: boolean): Promise<number> {
  const echo = await startEcho({ host: '127.0.0.1', port: 0, name: 'echo' });
  t.after(() => echo.close());
  const plain = testConfig({
    rules: [{ backends: [testBackend('echo')] }],
    endpoints: { echo: [echo.port] },
  });
  const certificate = await mintCertificate('a', ['127.0.0.1', 'localhost']);
  const tls = isTls ? listenerTls([certificate]) : null;
  const config = {
    ...plain,
    certificates: [certificate],
    ports: plain.ports.map((port) => ({
      ...port,
      listeners: port.listeners.map((listener) =>
        listener.kind === 'http' ? { ...listener, tls } : listener,
      ),
    })),
  };
  const proxy = await TestProxy.start(config);
  t.after(() => proxy.stop());
  return proxy.port;
}

suite('h2spec', () => {
  for (const isTls of [false, true]) {
    test(`every strict case passes ${isTls ? 'over TLS' : 'in the clear'}`, async (t) => {
      const built = await buildH2spec();
      if (built.kind === 'missing') {
        t.skip(built.why);
        return;
      }
      const result = await runH2spec(built.tool, await startProxy(t, isTls), isTls);
      assert.equal(result.passed, CASES, result.output);
      assert.equal(result.tests, CASES, result.output);
    });
  }
});
