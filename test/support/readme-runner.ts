/**
 * Does what an example's README says, in its order, and compares what it shows with what happens.
 *
 * In `sh` blocks `bin/sluice run …` starts the gateway (the one before is stopped), `npm exec …` and what ends with `&` start
 * a program that stays, anything else is a command to be done with; `console` blocks are commands with their output. `shell`
 * blocks need what is not there, a cluster, and are left alone. The ports that a README names are replaced by free ones.
 */
import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { cpSync, globSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import type { StatusReport } from '../../src/admin/status-report.ts';
import { editFile } from './example.ts';
import { codeBlocks } from './markdown.ts';
import { outputPattern, shownCommands, type ShownCommand } from './shown-commands.ts';
import { REPOSITORY, startSluice, type SluiceProcess } from './sluice-process.ts';

const GATEWAY_PORT = '8080';
/** Port of the program that an example brings along. */
const COMPANION_PORT = '9090';

/** Ports in lines of a README, of programs that stay: 4 digits that are no part of a longer number or name. */
const PORT = /(?<![\w.-])\d{4}(?![\w.])/g;

const execute = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A folder that looks like the repository to the commands of a README, with examples that they may edit. */
function makeWorkspace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-readme-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  cpSync(join(REPOSITORY, 'examples'), join(folder, 'examples'), { recursive: true });
  for (const name of ['bin', 'node_modules', 'package.json']) {
    symlinkSync(join(REPOSITORY, name), join(folder, name));
  }
  return folder;
}

/** Arguments of `sluice run` in `npm start`. */
function startScript(): string[] {
  const text = readFileSync(join(REPOSITORY, 'package.json'), 'utf8');
  const { start } = (JSON.parse(text) as { readonly scripts: { readonly start: string } }).scripts;
  return start.split(' ').slice(start.split(' ').indexOf('run') + 1);
}

const generations = ({ routes, gateways }: StatusReport): number =>
  [...routes, ...gateways].reduce((sum, { generation }) => sum + generation, 0);

export class ReadmeRunner {
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #companionPort: number;
  #sluice: SluiceProcess | null = null;
  /** Ports that the README gives to listeners (`--map 443=8443`), with the listeners'. */
  readonly #mapped = new Map<string, number>();
  /** Ports of programs that the README starts, with the real ones. */
  readonly #companions = new Map<string, number>();
  /** What companions printed; `printed` is emitted with every piece. */
  #printed = '';
  readonly #news = new EventEmitter<{ printed: [] }>();

  private constructor(t: TestContext, folder: string, companionPort: number) {
    this.#t = t;
    this.#folder = folder;
    this.#companionPort = companionPort;
    t.after(() => this.#sluice?.stop());
  }

  static async create(t: TestContext): Promise<ReadmeRunner> {
    const runner = new ReadmeRunner(t, makeWorkspace(t), await freePort());
    for (const file of globSync('examples/**/*.yaml', { cwd: runner.#folder })) {
      editFile(join(runner.#folder, file), (text) =>
        text.replace(`port: ${COMPANION_PORT}`, `port: ${String(runner.#companionPort)}`),
      );
    }
    return runner;
  }

  /** `readme` counts from the root; rejects at the first command that does not do what is shown. */
  async follow(readme: string): Promise<void> {
    const text = readFileSync(join(REPOSITORY, readme), 'utf8');
    for (const { language, code } of codeBlocks(text)) {
      if (language === 'sh') for (const line of code.trim().split('\n')) await this.#doLine(line);
      if (language === 'console') {
        for (const shown of shownCommands(`\`\`\`console\n${code}\`\`\`\n`)) await this.#compare(shown);
      }
      // A block without a language shows what a program of the example has printed by then.
      if (language === '') await this.#untilPrinted(code.trim());
    }
  }

  async #doLine(line: string): Promise<void> {
    if (line.startsWith('bin/sluice run ')) await this.#startGateway(line.split(' ').slice(2));
    else if (line.startsWith('npm ci && npm start')) await this.#startGateway(startScript());
    else if (line.startsWith('npm ci && npm test'))
      return; // That is what runs this.
    else if (line.startsWith('npm exec ')) await this.#startCompanion(line);
    else if (line.endsWith(' &')) await this.#startProgram(line.slice(0, -2));
    else await this.#doAndReload(line);
  }

  async #startGateway(words: readonly string[]): Promise<void> {
    await this.#sluice?.stop();
    const flagsAt = words.findIndex((word) => word.startsWith('--'));
    const paths = words
      .slice(0, flagsAt === -1 ? words.length : flagsAt)
      .flatMap((pattern) => globSync(pattern, { cwd: this.#folder }).toSorted());
    this.#sluice = await startSluice({
      paths: paths.map((path) => join(this.#folder, path)),
      args: words.includes('--echo') ? ['--echo'] : [],
    });
    for (const word of words) {
      const [, listener, port] = /^(\d+)=(\d{4,5})$/.exec(word) ?? [];
      if (listener !== undefined && port !== undefined) this.#mapped.set(port, Number(listener));
    }
  }

  async #startCompanion(line: string): Promise<void> {
    const program = spawn('/bin/sh', ['-c', `exec ${this.#withRealPorts(line)}`], {
      cwd: this.#folder,
      env: this.#environment(),
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    });
    this.#t.after(() => {
      if (program.pid !== undefined) process.kill(-program.pid, 'SIGTERM');
    });
    program.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#printed += text;
      this.#news.emit('printed');
    });
    await this.#untilPrinted('listening');
  }

  /** A server that the gateway relays to: it listens on a port of its own choice, which is then written into the manifests. */
  async #startProgram(line: string): Promise<void> {
    for (const [port] of line.matchAll(PORT)) {
      const real = await freePort();
      this.#companions.set(port, real);
      for (const file of globSync('examples/**/*.yaml', { cwd: this.#folder })) {
        editFile(join(this.#folder, file), (text) =>
          text.replaceAll(`port: ${port}`, `port: ${String(real)}`),
        );
      }
    }
    const program = spawn('bash', ['-c', `exec ${this.#withRealPorts(line)}`], {
      cwd: this.#folder,
      env: this.#environment(),
      stdio: 'ignore',
      detached: true,
    });
    this.#t.after(() => {
      if (program.pid !== undefined && program.exitCode === null) process.kill(-program.pid, 'SIGTERM');
    });
  }

  /** A command that edits a manifest: the next one is meant for the gateway that has seen the edit. */
  async #doAndReload(line: string): Promise<void> {
    const before = await this.#sluice?.status();
    await this.#run(line);
    if (before === undefined) return;
    await this.#sluice?.until(
      (status) =>
        generations(status) > generations(before) &&
        status.routes.every(({ servedSince }) => servedSince !== null),
    );
  }

  async #compare({ command, output }: ShownCommand): Promise<void> {
    const real = await this.#run(command);
    if (!outputPattern(this.#withRealPorts(output)).test(real)) {
      throw new Error(`$ ${command}\nshown:\n${output}\n\nreal:\n${real}`);
    }
  }

  /** Standard output, whatever the exit code. */
  async #run(command: string): Promise<string> {
    try {
      const { stdout } = await execute('bash', ['-c', this.#withRealPorts(command)], {
        cwd: this.#folder,
        env: this.#environment(),
      });
      return stdout;
    } catch (error) {
      if (error instanceof Error && 'stdout' in error) return String(error.stdout);
      throw error;
    }
  }

  async #untilPrinted(text: string): Promise<void> {
    while (!this.#printed.includes(text)) {
      await once(this.#news, 'printed', { signal: this.#t.signal });
    }
  }

  #withRealPorts(text: string): string {
    const port =
      this.#sluice === null || !text.includes(`localhost:${GATEWAY_PORT}`)
        ? GATEWAY_PORT
        : String(this.#sluice.port(80));
    return text
      .replaceAll(`localhost:${GATEWAY_PORT}`, `localhost:${port}`)
      .replaceAll(COMPANION_PORT, String(this.#companionPort))
      .replaceAll(PORT, (found) => this.#realPort(found) ?? found);
  }

  #realPort(port: string): string | undefined {
    const listener = this.#mapped.get(port);
    const real = listener === undefined ? this.#companions.get(port) : this.#sluice?.port(listener);
    return real === undefined ? undefined : String(real);
  }

  #environment(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter) };
  }
}
