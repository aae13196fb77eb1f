/** Reads the secret of session tokens (`ProxyOptions.sessionSecret`) from a file. */
import { readFileSync, statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { describeFileError } from '../lib/file-error.ts';

const LEAST_BYTES = 32;
const OTHERS = 0o007;

/** For `--session-key`. Throws errors that commander reports for the option. */
export function parseSessionKey(path: string): Buffer {
  try {
    if ((statSync(path).mode & OTHERS) !== 0) {
      throw new InvalidArgumentError(`Other users can use ${path}; remove their permissions (chmod 600).`);
    }
    return readSessionSecret(path);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw error;
    throw new InvalidArgumentError(describeFileError(error, path));
  }
}

/** The whole file is the secret. Throws if it cannot be read, or is too short. */
export function readSessionSecret(path: string): Buffer {
  const secret = readFileSync(path);
  if (secret.length >= LEAST_BYTES) return secret;
  const hint = `openssl rand -hex 32 > ${path}`;
  throw new Error(
    `${path} has ${String(secret.length)} bytes; a session key has at least ${String(LEAST_BYTES)} (${hint})`,
  );
}
