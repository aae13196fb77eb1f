/** Any bytes to every listener of a real gateway, and any answers from its backend. */
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { createScene, SCENE_PORTS, type Scene } from '../support/scene.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { echo, startTcpBackend, type TcpBackend } from '../support/tcp-peers.ts';
import { startUdpBackend, type UdpBackend } from '../support/udp-peers.ts';
import { Random } from '../support/random.ts';
import { makeInput, splitInput } from './mutate.ts';
import type { FuzzTarget } from './target.ts';
import { http1Request, http1Response } from './targets/http1.ts';
import { http2Server } from './targets/http2.ts';
import { clientHello } from './targets/tls-and-proxy-header.ts';

/** Long enough for an answer to begin; what is silent then is hung up on, as most clients do. */
const ANSWER_TIMEOUT_MS = 300;
const CONCURRENT = 32;

interface Way {
  readonly name: string;
  readonly target: FuzzTarget;
  readonly dial: (port: (listener: number) => number) => net.Socket;
}

const plain = (listener: number) => (port: (listener: number) => number) =>
  net.connect({ port: port(listener), host: '127.0.0.1' });

const encrypted = (alpn: string) => (port: (listener: number) => number) =>
  tls.connect({
    port: port(SCENE_PORTS.https),
    host: '127.0.0.1',
    servername: 'a.example',
    ALPNProtocols: [alpn],
    rejectUnauthorized: false,
  });

/** Nothing but a head, to which the backend answers whatever comes to its mind. */
const asking: FuzzTarget = {
  ...http1Request,
  generate: () => Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  corpus: [Buffer.from('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n'.repeat(3))],
};

const WAYS: readonly Way[] = [
  { name: 'http', target: http1Request, dial: plain(SCENE_PORTS.http) },
  { name: 'h2c', target: http2Server, dial: plain(SCENE_PORTS.http) },
  { name: 'answers', target: asking, dial: plain(SCENE_PORTS.http) },
  { name: 'https', target: http1Request, dial: encrypted('http/1.1') },
  { name: 'h2', target: http2Server, dial: encrypted('h2') },
  { name: 'https-raw', target: clientHello, dial: plain(SCENE_PORTS.https) },
  { name: 'tls-passthrough', target: clientHello, dial: plain(SCENE_PORTS.tls) },
  { name: 'tcp', target: http2Server, dial: plain(SCENE_PORTS.tcp) },
];

export class FuzzedGateway {
  readonly #sluice: SluiceProcess;
  readonly #scene: Scene;
  readonly #backends: readonly (TcpBackend | UdpBackend)[];

  private constructor(sluice: SluiceProcess, scene: Scene, backends: readonly (TcpBackend | UdpBackend)[]) {
    this.#sluice = sluice;
    this.#scene = scene;
    this.#backends = backends;
  }

  /** One worker: whatever ends it is seen. `seed`: of the backend's answers. */
  static async start(seed: number): Promise<FuzzedGateway> {
    const random = new Random(seed);
    const web = await startTcpBackend((socket) => answerAnything(socket, random));
    const [tcp, other] = [await startTcpBackend(echo), await startTcpBackend(echo)];
    const udp = await startUdpBackend('udp');
    const backends = { web: [web.port], tls: [other.port], tcp: [tcp.port], udp: [udp.port] };
    const scene = await createScene({ backends });
    const args = ['--log-level', 'error'];
    const sluice = await startSluice({ paths: [scene.folder], args });
    return new FuzzedGateway(sluice, scene, [web, tcp, other, udp]);
  }

  /** Sends `count` streams to each listener, and datagrams to the UDP one; resolves when the last is over. */
  async attack(seed: number, count: number): Promise<void> {
    const jobs = WAYS.flatMap((way) =>
      Array.from({ length: count }, (_, index) => ({ way, index })),
    ).entries();
    const port = (listener: number): number => this.#sluice.port(listener);
    const work = async (): Promise<void> => {
      for (const [number, { way }] of jobs) {
        const random = new Random(seed + number);
        const bytes = makeInput(way.target, random);
        await converse(way.dial(port), splitInput(bytes, random), random);
      }
    };
    await Promise.all([...Array.from({ length: CONCURRENT }, work), this.#datagrams(seed, count)]);
  }

  async #datagrams(seed: number, count: number): Promise<void> {
    const random = new Random(seed);
    const socket = dgram.createSocket('udp4');
    socket.on('error', () => undefined);
    for (let sent = 0; sent < count; sent++) {
      const { promise, resolve } = Promise.withResolvers<unknown>();
      socket.send(makeInput(clientHello, random), this.#sluice.port(SCENE_PORTS.udp), '127.0.0.1', resolve);
      await promise;
    }
    socket.close();
  }

  /** Workers that ended since the start. */
  async restarts(): Promise<number> {
    return (await this.#sluice.status()).workers.restarts;
  }

  /** Resident bytes of the worker. */
  async residentBytes(): Promise<number> {
    const [pid = 0] = (await this.#sluice.status()).workers.pids;
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1_024;
  }

  /** What every listener answers to a client that means well: a line each. */
  async serves(): Promise<string[]> {
    const port = (listener: number): number => this.#sluice.port(listener);
    const head = 'GET /sound HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
    const answers = await Promise.all([
      read(plain(SCENE_PORTS.http)(port), head),
      read(encrypted('http/1.1')(port), head),
      read(plain(SCENE_PORTS.tcp)(port), head),
      this.#askUdp(),
    ]);
    return answers.map((text) => text.split('\r\n')[0] ?? '');
  }

  async #askUdp(): Promise<string> {
    const socket = dgram.createSocket('udp4');
    socket.send('sound', this.#sluice.port(SCENE_PORTS.udp), '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    return answer.toString();
  }

  async stop(): Promise<void> {
    await this.#sluice.stop();
    for (const backend of this.#backends) backend.close();
    this.#scene.remove();
  }
}

/** Sends these reads, takes what comes, and leaves in one of the ways in which clients leave. */
async function converse(socket: net.Socket, reads: readonly Buffer[], random: Random): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.on('error', () => undefined);
  socket.on('close', resolve);
  socket.on('end', () => socket.destroy());
  socket.on('data', () => undefined);
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
  const ending = random.next();
  for (const read of reads) {
    socket.write(read);
    await new Promise(setImmediate);
  }
  if (ending < 0.4) socket.end();
  else if (ending < 0.5 && !(socket instanceof tls.TLSSocket)) socket.resetAndDestroy();
  else if (ending < 0.7) socket.destroy();
  await promise;
}

/** Sound answers to who asks for them, others to the rest. */
function answerAnything(socket: net.Socket, random: Random): void {
  socket.on('data', (bytes: Buffer) => {
    const isSound = bytes.includes('/sound');
    const answer = isSound ? http1Response.corpus[0] : makeInput(http1Response, random);
    if (random.chance(0.1) && !isSound) socket.destroy();
    else socket.write(answer ?? '');
  });
  socket.on('end', () => socket.end());
}

async function read(socket: net.Socket, text: string): Promise<string> {
  let answer = '';
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1');
    if (answer.includes('\r\n\r\n')) socket.destroy();
  });
  socket.on('error', (error) => (answer ||= error.message));
  socket.write(text);
  await once(socket, 'close');
  return answer;
}
