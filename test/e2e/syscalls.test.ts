/**
 * System calls per request, counted by the kernel: free of noise, unlike any time. A keep-alive request costs a read and a
 * write on each side, and its share of an epoll wait.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { startSluice } from '../support/sluice-process.ts';

const CONNECTIONS = 50;
const REQUESTS = 20_000;
const CALLS_PER_REQUEST = 4.2;

const REQUEST = 'GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n';
const ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: 120\r\n\r\n${'x'.repeat(120)}`;

/** Answers every request; a request fits into one read here. */
async function startBackend(t: TestContext): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('data', () => socket.write(ANSWER));
    socket.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const manifests = (backendPort: number): string => `
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
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: web }]
  rules: [{ backendRefs: [{ name: backend, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: backend, namespace: default }
spec:
  ports: [{ name: http, port: 80 }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: backend-1
  namespace: default
  labels: { kubernetes.io/service-name: backend }
addressType: IPv4
ports: [{ name: http, port: ${String(backendPort)} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;

/** Connections that each send the next request when the answer to the last one is whole. */
class Clients {
  readonly #sockets: Socket[] = [];

  async connect(port: number): Promise<void> {
    while (this.#sockets.length < CONNECTIONS) {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      await once(socket, 'connect');
      this.#sockets.push(socket);
    }
  }

  async send(count: number): Promise<void> {
    let left = count;
    const exchange = async (socket: Socket): Promise<void> => {
      while (left > 0) {
        left -= 1;
        socket.write(REQUEST);
        let seen = '';
        while (!seen.endsWith('x'.repeat(120))) {
          const [chunk] = (await once(socket, 'data')) as [Buffer];
          seen += chunk.toString('latin1');
        }
        assert.match(seen, /^HTTP\/1\.1 200 /);
      }
    };
    await Promise.all(this.#sockets.map(exchange));
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

interface Tracer {
  /** Calls by name since the tracer attached. */
  finish(): Promise<Map<string, number>>;
}

/** null when this machine lets nobody trace. */
async function attach(pid: number): Promise<Tracer | null> {
  const strace: ChildProcess = spawn('strace', ['-f', '-c', '-p', String(pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  const attached = new Promise<boolean>((resolve) => {
    strace.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.includes('attached')) resolve(true);
    });
    strace.once('exit', () => {
      resolve(false);
    });
  });
  if (!(await attached)) return null;
  return {
    async finish() {
      const ended = once(strace, 'close');
      strace.kill('SIGINT');
      await ended;
      // "% time  seconds  usecs/call  calls  [errors]  syscall"
      const rows = [...text.matchAll(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w*)$/gmu)];
      return new Map(
        rows.flatMap(([, calls, name = '']) => (name === 'total' ? [] : [[name, Number(calls)]])),
      );
    },
  };
}

const skip = spawnSync('strace', ['-V']).error === undefined ? false : 'needs strace';

test(`a keep-alive request costs at most ${String(CALLS_PER_REQUEST)} system calls`, { skip }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-syscalls-'));
  writeFileSync(join(folder, 'manifests.yaml'), manifests(await startBackend(t)));
  const sluice = await startSluice({ paths: [folder], args: ['--access-log', 'off'] });
  t.after(async () => {
    await sluice.stop();
    rmSync(folder, { recursive: true });
  });
  const clients = new Clients();
  t.after(() => {
    clients.close();
  });
  await clients.connect(sluice.port(80));
  await clients.send(REQUESTS / 10);

  const [worker] = (await sluice.status()).workers.pids;
  assert.ok(worker !== undefined);
  const tracer = await attach(worker);
  if (tracer === null) {
    t.skip('this machine does not let a process be traced');
    return;
  }
  await clients.send(REQUESTS);
  const calls = await tracer.finish();
  const total = [...calls.values()].reduce((sum, count) => sum + count, 0);
  const most = [...calls]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 6)
    .map(([name, count]) => `${name} ${(count / REQUESTS).toFixed(3)}`)
    .join(', ');
  t.diagnostic(`${(total / REQUESTS).toFixed(3)} per request: ${most}`);
  assert.ok(total >= 4 * REQUESTS, `strace saw only ${String(total)} calls: not the process that serves`);
  assert.ok(total <= CALLS_PER_REQUEST * REQUESTS, `${String(total / REQUESTS)} per request: ${most}`);
});
