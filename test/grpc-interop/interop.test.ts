/** All interop cases of gRPC, through the real CLI. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { mint, testAuthority } from '../support/certificates.ts';
import { startSluice } from '../support/sluice-process.ts';
import { buildInterop, CASES, runCase, startInteropServer } from './interop.ts';

const AUTHORITY = 'interop.example';
const BACKEND = 'backend.example';

interface Encryption {
  readonly toGateway: boolean;
  readonly toBackend: boolean;
}

const indented = (pem: string, spaces: number): string => pem.trim().replaceAll(/^/gmu, ' '.repeat(spaces));

const base64 = (text: string): string => Buffer.from(text).toString('base64');

function gateway(secure: boolean): string {
  const listener = secure
    ? '{ name: https, protocol: HTTPS, port: 80, tls: { certificateRefs: [{ name: interop }] } }'
    : '{ name: http, protocol: HTTP, port: 80 }';
  return `
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
    - ${listener}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: { name: interop, namespace: default }
spec:
  parentRefs: [{ name: web }]
  rules:
    - backendRefs: [{ name: interop, port: 50051 }]
---
apiVersion: v1
kind: Service
metadata: { name: interop, namespace: default }
spec: { ports: [{ port: 50051 }] }
`;
}

const slice = (port: number): string => `
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: interop-1, namespace: default, labels: { kubernetes.io/service-name: interop } }
addressType: IPv4
endpoints: [{ addresses: [127.0.0.1] }]
ports: [{ port: ${String(port)} }]
`;

const backendTls = (caPem: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: interop, namespace: default }
spec:
  targetRefs: [{ group: "", kind: Service, name: interop }]
  validation:
    hostname: ${BACKEND}
    caCertificateRefs: [{ group: "", kind: ConfigMap, name: ca }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ca, namespace: default }
data:
  ca.crt: |
${indented(caPem, 4)}
`;

async function runAll(t: TestContext, { toGateway, toBackend }: Encryption): Promise<void> {
  const built = await buildInterop();
  if (built.kind === 'missing') {
    t.skip(built.why);
    return;
  }
  const { tool: tools } = built;
  const folder = mkdtempSync(join(tmpdir(), 'sluice-interop-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const ca = (await testAuthority()).certificatePem;
  const leaf = await mint([BACKEND]);
  const files = { certificate: file('tls.crt', leaf.certificatePem), key: file('tls.key', leaf.keyPem) };
  const server = await startInteropServer(t, tools, toBackend ? files : null);
  file('gateway.yaml', gateway(toGateway));
  file('slice.yaml', slice(server));
  if (toBackend) file('policy.yaml', backendTls(ca));
  if (toGateway) file('secret.yaml', await secret());
  const caFile = file('ca.pem', ca);
  const sluice = await startSluice({ paths: [folder] });
  t.after(() => sluice.stop());
  const target = { port: sluice.port(80), authority: AUTHORITY, caFile: toGateway ? caFile : null };
  for (const name of CASES) await t.test(name, () => runCase(tools, name, target));
}

async function secret(): Promise<string> {
  const { certificatePem, keyPem } = await mint([AUTHORITY]);
  return `
apiVersion: v1
kind: Secret
metadata: { name: interop, namespace: default }
type: kubernetes.io/tls
data:
  tls.crt: ${base64(certificatePem)}
  tls.key: ${base64(keyPem)}
`;
}

suite('gRPC interop', { concurrency: false }, () => {
  test('in the clear on both sides', (t) => runAll(t, { toGateway: false, toBackend: false }));
  test('TLS to the gateway', (t) => runAll(t, { toGateway: true, toBackend: false }));
  test('TLS on both sides, the backend by a BackendTLSPolicy', (t) =>
    runAll(t, { toGateway: true, toBackend: true }));
});
