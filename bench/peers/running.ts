/** Starts a program on loopback, waits until it listens, and stops it by its own process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from './peer.ts';

export interface Running {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** Where a program is to be reached. */
export interface Reach {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

const START_LIMIT_MS = 60_000;
/** How long a datagram may take to come back. */
const ECHO_LIMIT_MS = 200;

/** A free loopback port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** Of UDP nothing is seen but what comes back, from the program or through it. */
async function echoes(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.send('?');
    await once(socket, 'message', { signal: AbortSignal.timeout(ECHO_LIMIT_MS) });
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function untilListening(child: ChildProcess, { port, protocol }: Reach, log: string): Promise<void> {
  const isReady = protocol === 'udp' ? echoes : accepts;
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await isReady(port))) {
    if (hasEnded(child)) throw new Error(`it ended at once:\n${readFileSync(log, 'utf8').slice(-2000)}`);
    if (performance.now() > deadline) throw new Error(`it does not listen on ${port}`);
    await delay(20); // Nothing tells when a foreign program has begun to listen.
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await ended;
  clearTimeout(timer);
}

/** Its output goes to `output.log` in `folder`. */
export async function startProgram(command: Command, folder: string, reach: Reach): Promise<Running> {
  const log = join(folder, 'output.log');
  const file = openSync(log, 'a');
  const child = spawn(command.file, [...command.args], {
    cwd: folder,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  await once(child, 'spawn');
  try {
    await untilListening(child, reach, log);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command.file} has no process id`);
  return { pid, port: reach.port, stop: () => stop(child) };
}
