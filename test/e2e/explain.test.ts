/** `sluice explain` as users ask it: exit codes, what `run` has by its options, the running gateway, and connections below HTTP. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { mint } from '../support/certificates.ts';
import { REPOSITORY, SLUICE, startSluice } from '../support/sluice-process.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const explain = (...args: readonly string[]): Promise<Ran> =>
  new Promise((resolve) => {
    execFile(process.execPath, [SLUICE, 'explain', ...args], { cwd: REPOSITORY }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-explain-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const SHOP = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: sluice.dev/gateway-controller }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web, namespace: default }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: http, protocol: HTTP, port: 80 }
    - { name: https, protocol: HTTPS, port: 443, hostname: shop.test, tls: { certificateRefs: [{ name: shop }] } }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop, namespace: default }
spec:
  hostnames: [shop.test]
  parentRefs: [{ name: web }]
  rules:
    - { backendRefs: [{ name: shop, port: 8080 }] }
`;

suite('the verdict', () => {
  test('a request that is answered 503 or 500 is ✗ and exits with 1', async () => {
    const unready = await explain('examples/quickstart', '--request', 'GET http://shop.example/api/x');
    assert.equal(unready.code, 1);
    assert.match(unready.stdout, /^✗ 503 no_endpoints: .* Service default\/api:http 100 %/);
    assert.match(unready.stdout, /→ with "sluice run --echo" .* add --echo here too/);
  });

  test('a reference that is not granted is ✗ 500', async (t) => {
    const folder = folderOf(t, {
      'shop.yaml': SHOP.replace('name: shop, port', 'namespace: other, name: shop, port'),
    });
    const { code, stdout } = await explain(folder, '--request', 'GET http://shop.test/');
    assert.equal(code, 1);
    assert.match(stdout, /^✗ 500 invalid_ref: /);
    assert.match(stdout, /→ the manifests have \d+ errors?: sluice check/);
  });

  test('where a share of the requests gets an error, it is ! and exits with 1', async (t) => {
    const service = `
---
apiVersion: v1
kind: Service
metadata: { name: shop, namespace: default }
spec: { ports: [{ port: 8080 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop-1, namespace: default, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: 9000 }]
`;
    const two = SHOP.replace(
      '[{ name: shop, port: 8080 }] }\n',
      '[{ name: shop, port: 8080 }, { name: gone, port: 1 }] }\n',
    );
    const folder = folderOf(t, { 'shop.yaml': two + service });
    const { code, stdout } = await explain(folder, '--request', 'GET http://shop.test/');
    assert.match(
      stdout,
      /^! forward to Service default\/shop:8080 50 %, Service default\/gone:1 50 % \(500 invalid_ref/,
    );
    assert.equal(code, 1);
  });

  test('a 404 says which hosts routes have', async (t) => {
    const folder = folderOf(t, { 'shop.yaml': SHOP });
    const { code, stdout } = await explain(folder, '--request', 'GET http://other.test/');
    assert.equal(code, 1);
    assert.match(stdout, /^✗ 404 no_rule/);
    assert.match(stdout, /routes here have: shop\.test$/m);
  });
});

suite('what run has by its options', () => {
  test('--echo stands in for endpoints; --map lets the URL name the port that run prints', async () => {
    const args = ['examples/quickstart', '--echo', '--map', '80=8080', '--request', 'http://localhost:8080/'];
    const { code, stdout } = await explain(...args);
    assert.equal(code, 0);
    assert.match(stdout, /^✓ forward to Service default\/storefront-v1:http 75 %/);
    const without = await explain('examples/quickstart', '--request', 'http://localhost:8080/');
    assert.equal(without.code, 1);
    assert.match(without.stdout, /^✗ no listener is served at port 8080/);
    assert.match(without.stdout, /served: 80 HTTP \(Gateway default\/web listener http\)/);
    assert.match(without.stdout, /repeat its --map \(such as --map 80=8080\)/);
  });

  test('a redirect under --map says that it names the port of the listener', async () => {
    const args = [
      'examples/15-https-redirect',
      '--request',
      'http://shop.example:8080/',
      '--map',
      '80=8080,443=8443',
    ];
    const { code, stdout } = await explain(...args);
    assert.equal(code, 0);
    assert.match(stdout, /→ redirects name the port of the listener, not the one that --map binds/);
  });

  test('--tls-dir brings the certificate; without it the listener is named with why it is not served', async (t) => {
    const folder = folderOf(t, { 'shop.yaml': SHOP });
    const { certificatePem, keyPem } = await mint(['shop.test']);
    const certificates = folderOf(t, { 'shop.crt': certificatePem, 'shop.key': keyPem });
    const request = ['--request', 'GET https://shop.test/'];
    const without = await explain(folder, ...request);
    assert.equal(without.code, 1);
    assert.match(
      without.stdout,
      /! Gateway default\/web listener https is not served: InvalidCertificateRef: Secret default\/shop does not exist\./,
    );
    const withTls = await explain(folder, ...request, '--tls-dir', certificates, '--echo');
    assert.match(withTls.stdout, /^✓ forward to Service default\/shop/);
    assert.equal(withTls.code, 0);
    const withEcho = await explain(folder, ...request, '--echo');
    assert.equal(withEcho.code, 0, '--echo stands in for the certificate and for the Service');
  });
});

suite('connections below HTTP', () => {
  test('a TLSRoute by server name, a TCPRoute and a UDPRoute by port', async () => {
    const tls = await explain(
      'examples/11-tls-routing',
      '--echo',
      '--request',
      'tls://alice.private.example:443',
    );
    assert.match(tls.stdout, /^✓ forward to Service /);
    assert.match(tls.stdout, /server name alice\.private\.example; TLS is passed through/);
    const tcp = await explain('examples/10-tcp-load-balancing', '--request', 'tcp://localhost:6379');
    assert.match(tcp.stdout, /^✓ forward to Service default\/redis:redis 100 %/);
    assert.match(tcp.stdout, /it takes every connection of the port/);
    const udp = await explain('examples/13-udp-dns', '--request', 'udp://localhost:53');
    assert.match(udp.stdout, /^✓ forward to Service /);
    assert.deepEqual([tls.code, tcp.code, udp.code], [0, 0, 0]);
  });

  test('a server name that no listener has, and the wrong protocol for a port', async () => {
    const unmatched = await explain('examples/11-tls-routing', '--request', 'tls://other.test:443');
    assert.equal(unmatched.code, 1);
    assert.match(unmatched.stdout, /^✗ the connection is closed: no listener has the server name/);
    const plain = await explain('examples/quickstart', '--request', 'https://shop.example:80/');
    assert.equal(plain.code, 1);
    assert.match(plain.stdout, /no listener of the port terminates TLS: use http:\/\//);
  });
});

suite('the running gateway', () => {
  test('is asked with --admin, by the URL that it prints', async (t) => {
    const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
    t.after(() => sluice.stop());
    const admin = ['--admin', sluice.admin.replace('http://', '')];
    await sluice.status();
    const { code, stdout } = await explain(
      ...admin,
      '--request',
      `http://localhost:${String(sluice.port(80))}/api/x`,
    );
    assert.equal(code, 0);
    assert.match(stdout, /^✓ forward to Service default\/api:http 100 %/);
    const nowhere = await explain(...admin, '--request', 'http://localhost:1/');
    assert.equal(nowhere.code, 1);
    assert.match(nowhere.stdout, new RegExp(`served: 80 HTTP .*bound as ${String(sluice.port(80))}`));
  });

  test('a listener that is not bound serves no one, whatever its routes say', async (t) => {
    const taken = createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    t.after(() => {
      taken.close();
    });
    const { port } = taken.address() as { readonly port: number };
    const sluice = await startSluice({
      paths: ['examples/quickstart'],
      args: ['--echo', `--map=80=${String(port)}`],
    });
    t.after(() => sluice.stop());
    const admin = ['--admin', sluice.admin.replace('http://', '')];
    const { code, stdout } = await explain(...admin, '--request', 'http://shop.example/api/x');
    assert.equal(code, 1);
    assert.match(
      stdout,
      /! Gateway default\/web listener http is not served: PortUnavailable: cannot listen on/,
    );
  });

  test('usage: no gateway, no paths, or both', async () => {
    const none = await explain('--admin', '127.0.0.1:1', '--request', 'http://a.test/');
    assert.equal(none.code, 2);
    assert.match(none.stderr, /^sluice explain: no gateway responds on 127\.0\.0\.1:1/);
    const noPaths = await explain('--request', 'http://a.test/');
    assert.equal(noPaths.code, 2);
    assert.match(noPaths.stderr, /name files or folders, or ask the running gateway with --admin/);
    const both = await explain(
      'examples/quickstart',
      '--admin',
      '127.0.0.1:1',
      '--request',
      'http://a.test/',
    );
    assert.equal(both.code, 2);
  });
});
