/** Starts a program on loopback, waits until it listens, and stops it by its own process id. */
import { spawn, type ChildProcess } from 'node:child_process';
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

const START_LIMIT_MS = 60_000;

/** A port of loopback that nobody listens on now. */
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

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

async function untilListening(child: ChildProcess, port: number, log: string): Promise<void> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await accepts(port))) {
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
export async function startProgram(command: Command, folder: string, port: number): Promise<Running> {
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
    await untilListening(child, port, log);
  } catch (error) {
    await stop(child);
    throw error;
  }
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command.file} has no process id`);
  return { pid, port, stop: () => stop(child) };
}
