/**
 * System calls per request, counted by the kernel: free of noise, unlike any time. A keep-alive request of HTTP/1.1 costs a read and
 * a write on each side, and its share of an epoll wait. Over HTTP/2 requests share the calls of the sides that speak it: all frames
 * of a turn of the event loop leave in one write.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { FLAG, PREFACE, TYPE, data, frame, headers, request, settings } from '../support/h2-frames.ts';
import { startSluice } from '../support/sluice-process.ts';
import { countSystemCalls, skipWithoutStrace } from '../support/syscall-count.ts';

const REQUESTS = 20_000;
const BODY = 'x'.repeat(120);

interface Client {
  /** Sends requests until `count` were answered with 200. */
  send(count: number): Promise<void>;
  close(): void;
}

interface Path {
  readonly name: string;
  readonly callsPerRequest: number;
  /** Fewer calls than this mean that strace watched another process. */
  readonly atLeast: number;
  readonly route: 'HTTPRoute' | 'GRPCRoute';
  readonly serve: (socket: Socket) => void;
  readonly connect: (port: number) => Promise<Client>;
}

// --- HTTP/1.1 ---

const H1_REQUEST = 'GET / HTTP/1.1\r\nHost: a.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n';
const H1_ANSWER = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

/** Answers every request; a request fits into one read here. */
function serveHttp1(socket: Socket): void {
  socket.on('data', () => socket.write(H1_ANSWER));
}

async function open(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    sockets.push(socket);
  }
  return sockets;
}

/** 50 connections that each send the next request when the answer to the last one is whole. */
async function connectHttp1(port: number): Promise<Client> {
  const sockets = await open(port, 50);
  return {
    async send(count) {
      let left = count;
      const exchange = async (socket: Socket): Promise<void> => {
        while (left > 0) {
          left -= 1;
          socket.write(H1_REQUEST);
          let seen = '';
          while (!seen.endsWith(BODY)) {
            const [chunk] = (await once(socket, 'data')) as [Buffer];
            seen += chunk.toString('latin1');
          }
          assert.match(seen, /^HTTP\/1\.1 200 /);
        }
      };
      await Promise.all(sockets.map(exchange));
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

// --- HTTP/2 ---

const FRAME_HEADER_BYTES = 9;
const STREAMS = 20;
const MESSAGE_BYTES = 47;
/** Both ends give credit once, so that no frame of it is counted. */
const WINDOW = frame(TYPE.windowUpdate, 0, 0, Buffer.from([0x7f, 0, 0, 0]));

type OnFrame = (type: number, flags: number, streamId: number, payloadBytes: number) => void;

/** Calls `onFrame` for each whole frame of a connection; payloads are not looked at. */
class FrameScanner {
  readonly #onFrame: OnFrame;
  #unread: Buffer = Buffer.alloc(0);
  #skip: number;

  /** `skip`: bytes before the first frame. */
  constructor(onFrame: OnFrame, skip = 0) {
    this.#onFrame = onFrame;
    this.#skip = skip;
  }

  push(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#unread, chunk.subarray(this.#skip)]);
    this.#skip = 0;
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      const payloadBytes = end - at - FRAME_HEADER_BYTES;
      this.#onFrame(bytes[at + 3] ?? 0, bytes[at + 4] ?? 0, bytes.readUInt32BE(at + 5), payloadBytes);
      at = end;
    }
    this.#unread = Buffer.from(bytes.subarray(at));
  }
}

const isEnd = (type: number, flags: number): boolean =>
  (type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0;

/** Answers every call of a read in one write. */
function serveGrpc(socket: Socket): void {
  let out: Buffer[] = [settings(), WINDOW];
  const scanner = new FrameScanner((type, flags, streamId) => {
    if (type === TYPE.settings && (flags & FLAG.ack) === 0) out.push(frame(TYPE.settings, FLAG.ack, 0));
    if (!isEnd(type, flags)) return;
    out.push(
      headers(
        streamId,
        [
          [':status', '200'],
          ['content-type', 'application/grpc'],
        ],
        false,
      ),
      data(streamId, Buffer.alloc(MESSAGE_BYTES)),
      headers(streamId, [['grpc-status', '0']], true),
    );
  }, PREFACE.length);
  socket.on('data', (chunk) => {
    scanner.push(chunk);
    if (out.length > 0) socket.write(Buffer.concat(out));
    out = [];
  });
}

type MakeRequest = (streamId: number) => Buffer;

const h2Get: MakeRequest = (streamId) => headers(streamId, request(), true);
const grpcCall: MakeRequest = (streamId) =>
  Buffer.concat([
    headers(
      streamId,
      request(
        { ':method': 'POST', ':path': '/echo.Echo/Say' },
        ['content-type', 'application/grpc'],
        ['te', 'trailers'],
      ),
      false,
    ),
    data(streamId, Buffer.alloc(37), true),
  ]);

/** Ten connections that each send the next twenty requests in one write when the answers to the last ones are whole. */
async function connectHttp2(port: number, make: MakeRequest, bodyBytes: number): Promise<Client> {
  const sockets = await open(port, 10);
  const ends = sockets.map((socket) => {
    const state = { ended: 0, bytes: 0, nextId: 1, onEnd: (): void => undefined };
    const scanner = new FrameScanner((type, flags, _streamId, payloadBytes) => {
      if (type === TYPE.data) state.bytes += payloadBytes;
      if (isEnd(type, flags)) state.ended++;
    });
    socket.on('data', (chunk) => {
      scanner.push(chunk);
      state.onEnd();
    });
    socket.write(Buffer.concat([PREFACE, settings(), WINDOW, frame(TYPE.settings, FLAG.ack, 0)]));
    return state;
  });
  const round = async (index: number): Promise<void> => {
    const state = ends[index];
    assert.ok(state !== undefined);
    const requests: Buffer[] = [];
    for (let count = 0; count < STREAMS; count++, state.nextId += 2) requests.push(make(state.nextId));
    const due = state.ended + STREAMS;
    const answered = new Promise<void>((resolve) => {
      state.onEnd = () => {
        if (state.ended >= due) resolve();
      };
    });
    sockets[index]?.write(Buffer.concat(requests));
    await answered;
    // An error would have no body, or another one.
    assert.equal(state.bytes, state.ended * bodyBytes);
  };
  return {
    async send(count) {
      let left = count;
      const repeat = async (_: Socket, index: number): Promise<void> => {
        while (left > 0) {
          left -= STREAMS;
          await round(index);
        }
      };
      await Promise.all(sockets.map(repeat));
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

// --- the tracer ---

const PATHS: readonly Path[] = [
  {
    name: 'HTTP/1.1',
    callsPerRequest: 4.2,
    atLeast: 4,
    route: 'HTTPRoute',
    serve: serveHttp1,
    connect: connectHttp1,
  },
  {
    name: 'HTTP/2 to HTTP/1.1',
    callsPerRequest: 2.5,
    atLeast: 2,
    route: 'HTTPRoute',
    serve: serveHttp1,
    connect: (port) => connectHttp2(port, h2Get, BODY.length),
  },
  {
    name: 'gRPC',
    callsPerRequest: 0.4,
    atLeast: 0.05,
    route: 'GRPCRoute',
    serve: serveGrpc,
    connect: (port) => connectHttp2(port, grpcCall, MESSAGE_BYTES),
  },
];

async function startBackend(t: TestContext, serve: Path['serve']): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const manifests = (route: Path['route'], backendPort: number): string => `
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
kind: ${route}
metadata: { name: all, namespace: default }
spec:
  parentRefs: [{ name: web }]
  rules: [{ backendRefs: [{ name: backend, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: backend, namespace: default }
spec:
  ports: [{ name: main, port: 80${route === 'GRPCRoute' ? ', appProtocol: kubernetes.io/h2c' : ''} }]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: backend-1
  namespace: default
  labels: { kubernetes.io/service-name: backend }
addressType: IPv4
ports: [{ name: main, port: ${String(backendPort)} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;

for (const path of PATHS) {
  const title = `a request over ${path.name} costs at most ${String(path.callsPerRequest)} system calls`;
  test(title, { skip: skipWithoutStrace }, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-syscalls-'));
    const backendPort = await startBackend(t, path.serve);
    writeFileSync(join(folder, 'manifests.yaml'), manifests(path.route, backendPort));
    const sluice = await startSluice({ paths: [folder], args: ['--access-log', 'off'] });
    t.after(async () => {
      await sluice.stop();
      rmSync(folder, { recursive: true });
    });
    const client = await path.connect(sluice.port(80));
    t.after(() => {
      client.close();
    });
    await client.send(REQUESTS / 10);

    const [worker] = (await sluice.status()).workers.pids;
    assert.ok(worker !== undefined);
    const tracer = await countSystemCalls(worker);
    if (tracer === null) {
      t.skip('this machine does not let a process be traced');
      return;
    }
    await client.send(REQUESTS);
    const calls = await tracer.finish();
    const total = [...calls.values()].reduce((sum, count) => sum + count, 0);
    const most = [...calls]
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 6)
      .map(([name, count]) => `${name} ${(count / REQUESTS).toFixed(3)}`)
      .join(', ');
    t.diagnostic(`${(total / REQUESTS).toFixed(3)} per request: ${most}`);
    const { atLeast, callsPerRequest } = path;
    assert.ok(
      total >= atLeast * REQUESTS,
      `strace saw only ${String(total)} calls: not the process that serves`,
    );
    assert.ok(total <= callsPerRequest * REQUESTS, `${String(total / REQUESTS)} per request: ${most}`);
  });
}
