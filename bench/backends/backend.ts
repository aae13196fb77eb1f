/** Starts the backend of a scenario. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from '../peers/peer.ts';
import { freePort, startProgram, type Running } from '../peers/running.ts';
import type { BackendKind } from '../service.ts';
import type { Tool } from '../tools/tool.ts';
import { prepareHttpBackend } from './http.ts';

const ownProgram = (name: string, port: number): Command => ({
  file: process.execPath,
  args: [fileURLToPath(new URL(`${name}.ts`, import.meta.url)), `${port}`],
});

export async function startBackend(kind: BackendKind, nginx: Tool, folder: string): Promise<Running> {
  const home = join(folder, `backend-${kind}`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  const port = await freePort();
  const command = kind === 'http' ? prepareHttpBackend(nginx, port, home) : ownProgram(kind, port);
  return startProgram(command, home, { port, protocol: kind === 'udp' ? 'udp' : 'tcp' });
}
