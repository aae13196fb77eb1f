/**
 * Does what a page of the documentation or an example's README says, in its order, and compares what it shows with what happens.
 *
 * In `sh` blocks `bin/sluice run …` starts the gateway (the one before is stopped), `npm exec …` and what ends with `&` start
 * a program that keeps running, anything else is a command that ends; `console` blocks are commands with their output. A `yaml`
 * block whose first line is a comment with the name of a file is saved in that file. `shell` blocks need a cluster or another
 * machine, and are left alone. The ports that a page names are replaced by free ones.
 */
import { execFile, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import {
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { editFile } from './example.ts';
import { codeBlocks } from './markdown.ts';
import { linesPattern, outputPattern, shownCommands, type ShownCommand } from './shown-commands.ts';
import { REPOSITORY, startSluice, type SluiceProcess } from './sluice-process.ts';

const GATEWAY_PORT = '8080';
/** Port of the program that an example brings along. */
const COMPANION_PORT = '9090';

/** Of the admin API, unless the command line says otherwise. */
const ADMIN_PORT = '15000';

/** Options of `sluice run` whose value is a path. */
const PATH_OPTIONS = ['--tls-dir', '--access-log', '--status', '--session-key'];

/** First line of a `yaml` block that is to be saved. */
const FILE_NAME = /^# (\S+\.yaml)\n/;

/** A command that edits a manifest. */
const EDIT = /^perl -pi /;

/** Lines of `sluice run` that report the result of an edit. */
const EDIT_RESULT = String.raw`\d\d:\d\d:\d\d (?:live|not applied)`;

const START_LIMIT_MS = 10_000;

/** Ports in lines of a page, of programs that stay: 4 digits that are no part of a longer number or name. */
const PORT = /(?<![\w.-])\d{4}(?![\w.])/g;

const execute = promisify(execFile);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** A folder that looks like the repository to the commands of a page, with examples that they may edit. */
function makeWorkspace(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-page-'));
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

/** Resolves once a program takes TCP connections on the port. */
async function untilListening(port: number): Promise<void> {
  const deadlineMs = performance.now() + START_LIMIT_MS;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > deadlineMs) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
}

export class PageRunner {
  readonly #t: TestContext;
  readonly #folder: string;
  readonly #companionPort: number;
  #sluice: SluiceProcess | null = null;
  /** What it serves: absolute paths. */
  #served: readonly string[] = [];
  /** Ports that the page gives to listeners (`--map 443=8443`), with the listeners'. */
  readonly #mapped = new Map<string, number>();
  /** Ports of programs that the page starts, with the real ones. */
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

  static async create(t: TestContext): Promise<PageRunner> {
    const runner = new PageRunner(t, makeWorkspace(t), await freePort());
    runner.#editManifests((text) =>
      text.replace(`port: ${COMPANION_PORT}`, `port: ${String(runner.#companionPort)}`),
    );
    return runner;
  }

  /** `page` counts from the root; rejects at the first command that does not do what is shown. */
  async follow(page: string): Promise<void> {
    const text = readFileSync(join(REPOSITORY, page), 'utf8');
    for (const { language, code } of codeBlocks(text)) {
      if (language === 'yaml') await this.#saveFile(code);
      if (language === 'sh') for (const line of code.trim().split('\n')) await this.#doLine(line);
      if (language === 'console') {
        for (const shown of shownCommands(`\`\`\`console\n${code}\`\`\`\n`)) await this.#compare(shown);
      }
      // A block without a language shows what a program of the example, or the gateway, has printed by then.
      if (language === '')
        await (this.#printed === '' ? this.#expectPrinted(code) : this.#untilPrinted(code.trim()));
    }
  }

  async #doLine(line: string): Promise<void> {
    if (line.startsWith('bin/sluice run ')) await this.#startGateway(line.split(' ').slice(2));
    else if (line.startsWith('npm ci && npm start')) await this.#startGateway(startScript());
    else if (line.startsWith('npm ci && npm test'))
      return; // That is what runs this.
    else if (line.startsWith('npm exec ')) await this.#startCompanion(line);
    else if (line.endsWith(' &')) await this.#startProgram(line.slice(0, -2));
    else if (EDIT.test(line)) await this.#untilLive(() => this.#run(line));
    else await this.#run(line);
  }

  async #startGateway(words: readonly string[]): Promise<void> {
    await this.#sluice?.stop();
    const flagsAt = words.findIndex((word) => word.startsWith('--'));
    const paths = words
      .slice(0, flagsAt === -1 ? words.length : flagsAt)
      .flatMap((pattern) => globSync(pattern, { cwd: this.#folder }).toSorted());
    this.#served = paths.map((path) => join(this.#folder, path));
    this.#sluice = await startSluice({
      paths: this.#served,
      args: flagsAt === -1 ? [] : this.#options(words.slice(flagsAt)),
    });
    for (const word of words) {
      const [, listener, port] = /^(\d+)=(\d{4,5})$/.exec(word) ?? [];
      if (listener !== undefined && port !== undefined) this.#mapped.set(port, Number(listener));
    }
  }

  /** Options as the page has them, but for those that the harness sets itself. */
  #options(words: readonly string[]): string[] {
    const options: string[] = [];
    for (const [index, word] of words.entries()) {
      const before = words[index - 1] ?? '';
      if (['--map', '--workers'].some((option) => option === word || option === before)) continue;
      options.push(PATH_OPTIONS.includes(before) ? join(this.#folder, word) : word);
    }
    return options;
  }

  async #saveFile(code: string): Promise<void> {
    const name = FILE_NAME.exec(code)?.[1];
    if (name === undefined) return;
    const path = join(this.#folder, name);
    const save = (): void => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, this.#withProgramPorts(code));
    };
    if (this.#served.some((served) => path.startsWith(served))) await this.#untilLive(save);
    else save();
  }

  #editManifests(change: (text: string) => string): void {
    // Links, such as node_modules, are not followed.
    const files = globSync('**/*.yaml', { cwd: this.#folder, exclude: ['node_modules', 'bin'] });
    for (const file of files) editFile(join(this.#folder, file), change);
  }

  #withProgramPorts(text: string): string {
    let result = text;
    for (const [port, real] of this.#companions) {
      result = result.replaceAll(`port: ${port}`, `port: ${String(real)}`);
    }
    return result;
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
    const ports = [...line.matchAll(PORT)].map(([port]) => port);
    for (const port of ports) this.#companions.set(port, await freePort());
    this.#editManifests((text) => this.#withProgramPorts(text));
    const program = spawn('bash', ['-c', `exec ${this.#withRealPorts(line)}`], {
      cwd: this.#folder,
      env: this.#environment(),
      stdio: 'ignore',
      detached: true,
    });
    this.#t.after(() => {
      if (program.pid !== undefined && program.exitCode === null) process.kill(-program.pid, 'SIGTERM');
    });
    for (const port of ports) await untilListening(this.#companions.get(port) ?? 0);
  }

  /** Makes an edit and waits until the gateway, if one runs, reports its result. */
  async #untilLive(edit: () => unknown): Promise<void> {
    const sluice = this.#sluice;
    const { stdout } = sluice?.output() ?? { stdout: '' };
    const before = [...stdout.matchAll(new RegExp(EDIT_RESULT, 'g'))].length;
    await edit();
    await sluice?.printed(new RegExp(`(?:${EDIT_RESULT}[^]*?){${String(before + 1)}}`));
    await sluice?.status();
  }

  async #compare({ command, output }: ShownCommand): Promise<void> {
    if (command.startsWith('bin/sluice run ')) {
      await this.#doLine(command);
      await this.#expectPrinted(output);
      return;
    }
    const real = await this.#run(command);
    if (!outputPattern(this.#withRealPorts(output)).test(real)) {
      throw new Error(`$ ${command}\nshown:\n${output}\n\nreal:\n${real}`);
    }
  }

  /** What the gateway has printed on standard output, with the ports and the folder of the page. */
  async #expectPrinted(shown: string): Promise<void> {
    const sluice = this.#sluice;
    if (sluice === null) throw new Error(`no gateway runs that could print:\n${shown}`);
    await sluice.printed(/^(?:ready in|not ready)/m);
    let printed = sluice.output().stdout.replaceAll(`${this.#folder}/`, '');
    for (const [port, listener] of this.#mapped) {
      printed = printed.replaceAll(
        new RegExp(`127\\.0\\.0\\.1:${String(sluice.port(listener))}\\b`, 'g'),
        `localhost:${port}`,
      );
    }
    printed = printed.replaceAll(new URL(sluice.admin).host, `127.0.0.1:${ADMIN_PORT}`);
    // Not anchored: the block shows a part of what was printed.
    const pattern = new RegExp(linesPattern(shown), 'u');
    if (!pattern.test(printed)) throw new Error(`shown:\n${shown}\n\nprinted:\n${printed}`);
  }

  /** Standard output, regardless of the exit code. */
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
    return this.#withRealAdmin(text)
      .replaceAll(`localhost:${GATEWAY_PORT}`, `localhost:${port}`)
      .replaceAll(COMPANION_PORT, String(this.#companionPort))
      .replaceAll(PORT, (found) => this.#realPort(found) ?? found);
  }

  /** The gateway that the page has started, for commands that ask the admin API. */
  #withRealAdmin(text: string): string {
    if (this.#sluice === null) return text;
    const { host } = new URL(this.#sluice.admin);
    return text
      .replaceAll(new RegExp(`(localhost|127\\.0\\.0\\.1):${ADMIN_PORT}`, 'g'), host)
      .replaceAll('bin/sluice status', `$& --admin ${host}`)
      .replaceAll(/(bin\/sluice explain .*)--admin(?= |$)/g, `$1--admin ${host}`);
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
