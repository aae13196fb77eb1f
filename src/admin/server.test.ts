import assert from 'node:assert/strict';
import { request } from 'node:http';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { json, startAdminServer, text, type AdminServer } from './server.ts';

interface Answer {
  readonly status: number;
  readonly body: string;
}

suite('admin server', () => {
  let server: AdminServer;
  beforeEach(async () => {
    server = await startAdminServer({
      host: '127.0.0.1',
      port: 0,
      logger: SILENT_LOGGER,
      handlers: {
        '/healthz': () => text('ok'),
        '/status': ({ url }) => json({ name: url.searchParams.get('name') }),
        '/broken': () => {
          throw new Error('secret detail');
        },
      },
    });
  });
  afterEach(() => server.close());

  const ask = (path: string, host?: string, method = 'GET'): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const [address = '', port = ''] = server.address.split(':');
      const headers = host === undefined ? {} : { host };
      const outgoing = request({ host: address, port, path, method, headers }, (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (body += chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body });
        });
      });
      outgoing.on('error', reject);
      outgoing.end();
    });

  test('answers its paths and lists them', async () => {
    assert.deepEqual(await ask('/healthz'), { status: 200, body: 'ok\n' });
    assert.deepEqual(JSON.parse((await ask('/status?name=a')).body), { name: 'a' });
    const other = await ask('/elsewhere');
    assert.equal(other.status, 404);
    assert.match(other.body, /\/healthz, \/status/);
  });

  test('answers 400 or 404 to unknown paths', async () => {
    for (const path of ['//', '///', 'http://[', '/%', '/constructor', '*', '/__proto__']) {
      assert.ok([400, 404].includes((await ask(path)).status), path);
    }
  });

  test('answers only to IP addresses and localhost as Host, so no web page can query it', async () => {
    assert.equal((await ask('/healthz', 'evil.example:15000')).status, 403);
    assert.equal((await ask('/healthz', 'localhost:15000')).status, 200);
    assert.equal((await ask('/healthz', '[::1]:15000')).status, 200);
  });

  test('is read-only, and does not disclose its own errors', async () => {
    assert.equal((await ask('/healthz', undefined, 'POST')).status, 405);
    assert.deepEqual(await ask('/broken'), { status: 500, body: 'internal error\n' });
  });
});
