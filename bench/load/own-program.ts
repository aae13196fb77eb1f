/** Load generators of ours: programs of `programs/`, each a process of its own that ends with a line of JSON. */
import { fileURLToPath } from 'node:url';
import { output } from '../tools/command.ts';

export interface DatagramLoad {
  readonly port: number;
  readonly seconds: number;
  readonly flows: number;
  /** Datagrams in flight in each flow. */
  readonly outstanding: number;
  readonly bytes: number;
}

export interface MessageLoad {
  readonly port: number;
  readonly seconds: number;
  readonly connections: number;
  readonly bytes: number;
}

export interface HandshakeLoad {
  readonly port: number;
  readonly seconds: number;
  readonly atOnce: number;
  readonly resumed: boolean;
}

interface Programs {
  readonly datagrams: DatagramLoad;
  readonly messages: MessageLoad;
  readonly handshakes: HandshakeLoad;
}

/** Answers the units of work done: round trips, or handshakes. Rejects when any was lost. */
export async function runOwnLoad<Name extends keyof Programs>(
  name: Name,
  load: Programs[Name],
): Promise<number> {
  const program = fileURLToPath(new URL(`programs/${name}.ts`, import.meta.url));
  const text = await output({ path: process.execPath, env: {} }, [program, JSON.stringify(load)]);
  const { done } = JSON.parse(text) as { readonly done: number };
  if (!(done > 0)) throw new Error(`${name}: nothing was answered`);
  return done;
}
