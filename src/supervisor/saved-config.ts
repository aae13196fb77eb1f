/**
 * The last good configuration on disk: a proxy that restarts without its controller serves it. Endpoints change often, so it is
 * written at most every few seconds, and once more when the proxy ends.
 */
import { appendFileSync, closeSync, openSync, renameSync, rmSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeConfig, encodeConfigInPieces } from '../ir/codec.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import type { Logger } from '../telemetry/logger.ts';
import { readOwnFile } from './own-file.ts';

const FILE = 'config.json';
const WRITE_EVERY_MS = 10_000;
/** The file contains private keys. */
const MODE = 0o600;
/** Fails if there is a file or a link, so nothing is written into files of other users. */
const CREATE = 'wx';

export class SavedConfig {
  readonly #file: string;
  readonly #logger: Logger;
  #wanted: readonly GatewayConfig[] | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(folder: string, logger: Logger) {
    this.#file = join(folder, FILE);
    this.#logger = logger;
  }

  /** null if nothing was saved, or this version cannot read it. */
  read(): readonly GatewayConfig[] | null {
    try {
      const text = readOwnFile(this.#file);
      if (text === null) return null;
      const configs = (JSON.parse(text) as readonly string[]).map((one) => decodeConfig(one));
      this.#logger.info('serving the saved configuration until the controller answers');
      return configs;
    } catch (error) {
      this.#logger.warn('saved configuration not used', { error: String(error) });
      return null;
    }
  }

  /** Saves these after a delay; newer ones within the delay replace them. */
  write(configs: readonly GatewayConfig[]): void {
    this.#wanted = configs;
    this.#timer ??= setTimeout(() => {
      void this.#writeWanted().finally(() => {
        this.#timer = null;
        if (this.#wanted !== null) this.write(this.#wanted);
      });
    }, WRITE_EVERY_MS).unref();
  }

  /** Writes pending changes at once. */
  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const pieces = this.#take();
    if (pieces === null) return;
    try {
      rmSync(`${this.#file}.last`, { force: true });
      const file = openSync(`${this.#file}.last`, CREATE, MODE);
      try {
        for (const piece of pieces) appendFileSync(file, piece);
      } finally {
        closeSync(file);
      }
      renameSync(`${this.#file}.last`, this.#file);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Written to a temporary file and renamed: after a crash, the previous file is still there. */
  async #writeWanted(): Promise<void> {
    const pieces = this.#take();
    if (pieces === null) return;
    try {
      await rm(`${this.#file}.new`, { force: true });
      await writeFile(`${this.#file}.new`, pieces, { mode: MODE, flag: CREATE });
      await rename(`${this.#file}.new`, this.#file);
    } catch (error) {
      this.#failed(error);
    }
  }

  #take(): Iterable<string> | null {
    const wanted = this.#wanted;
    this.#wanted = null;
    return wanted === null ? null : savedInPieces(wanted);
  }

  #failed(error: unknown): void {
    this.#logger.warn('configuration not saved', { error: String(error) });
  }
}

/**
 * The list of texts that `read` reads, as JSON, in pieces: for thousands of routes one text would be many megabytes, several times, allocated
 * again every few seconds.
 */
function* savedInPieces(configs: readonly GatewayConfig[]): Generator<string> {
  let separator = '[';
  for (const config of configs) {
    yield `${separator}"`;
    separator = ',';
    // The pieces of a JSON string can be escaped separately, because none ends within a character.
    for (const piece of encodeConfigInPieces(config)) yield JSON.stringify(piece).slice(1, -1);
    yield '"';
  }
  yield configs.length === 0 ? '[]' : ']';
}
