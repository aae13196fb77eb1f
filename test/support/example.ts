/** An example of `examples/`, copied so that a test may edit it, served by the real CLI. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { EchoAnswer } from '../../src/echo/server.ts';
import { send, type Answer, type SentRequest } from './http-client.ts';
import { REPOSITORY, startSluice, type SluiceProcess } from './sluice-process.ts';

/** All examples have their Gateway listen here. */
const LISTENER_PORT = 80;

export class Example {
  readonly sluice: SluiceProcess;
  readonly folder: string;

  constructor(sluice: SluiceProcess, folder: string) {
    this.sluice = sluice;
    this.folder = folder;
  }

  get port(): number {
    return this.sluice.port(LISTENER_PORT);
  }

  send(request: Omit<SentRequest, 'port'>): Promise<Answer> {
    return send({ ...request, port: this.port });
  }

  /** What the echo backend received; fails the test if another server answered. */
  async echo(request: Omit<SentRequest, 'port'>): Promise<EchoAnswer> {
    const answer = await this.send(request);
    if (answer.status !== 200) throw new Error(`answered ${String(answer.status)}: ${answer.body}`);
    return JSON.parse(answer.body) as EchoAnswer;
  }

  /** How many of `count` equal requests each backend answered. */
  async tally(count: number, request: Omit<SentRequest, 'port'>): Promise<Record<string, number>> {
    const tally: Record<string, number> = {};
    for (let index = 0; index < count; index += 1) {
      const { name } = await this.echo(request);
      tally[name] = (tally[name] ?? 0) + 1;
    }
    return tally;
  }

  edit(file: string, change: (text: string) => string): void {
    editFile(join(this.folder, file), change);
  }
}

export function editFile(path: string, change: (text: string) => string): void {
  writeFileSync(path, change(readFileSync(path, 'utf8')));
}

/** A copy of one example's folder, gone when the test ends. */
export function copyExample(t: TestContext, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-example-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  cpSync(join(REPOSITORY, 'examples', name), folder, { recursive: true });
  return folder;
}

export interface ExampleOptions {
  /** Below the example's folder; default all of it. */
  readonly paths?: readonly string[];
  /** A copy that was prepared already. */
  readonly folder?: string;
}

/** Runs with `--echo` and one worker, so that weights are exact, until the test ends. */
export async function startExample(
  t: TestContext,
  name: string,
  options: ExampleOptions = {},
): Promise<Example> {
  const folder = options.folder ?? copyExample(t, name);
  const paths = (options.paths ?? ['.']).map((path) => join(folder, path));
  const sluice = await startSluice({ paths, args: ['--echo'] });
  t.after(() => sluice.stop());
  return new Example(sluice, folder);
}
