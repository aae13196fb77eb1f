/**
 * Certificates in a folder as Secrets, for users with certificate files instead of manifests: files of ACME clients, a Secret
 * mounted as a volume, and the output of `sluice cert`. It wraps another provider, whose Secrets take precedence.
 *
 * | files                                          | Secret             |
 * | ---------------------------------------------- | ------------------ |
 * | `NAME.crt` and `NAME.key`                      | `default/NAME`     |
 * | `NAME/tls.crt` and `NAME/tls.key`              | `default/NAME`     |
 * | `NAME/fullchain.pem` and `NAME/privkey.pem`    | `default/NAME`     |
 * | `NAMESPACE/NAME.crt` and `NAMESPACE/NAME.key`  | `NAMESPACE/NAME`   |
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../gatewayapi/core-kinds.ts';
import { inputFinding, type InputFinding } from '../../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { readCertificate } from '../certificate-reader.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { FolderWatch } from './folder-watch.ts';

const DEFAULT_NAMESPACE = 'default';
const QUIET_MS = 40;

/** A certificate file and its key, by the name of the Secret they make. */
interface Pair {
  readonly namespace: string;
  readonly name: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

interface Reading {
  readonly secrets: readonly Secret[];
  readonly findings: readonly InputFinding[];
  readonly folders: readonly string[];
}

/** The certificates of a folder, for commands that read once. */
export function readTlsFolder(folder: string): {
  readonly secrets: readonly Secret[];
  readonly findings: readonly InputFinding[];
} {
  const { secrets, findings } = new TlsFolderReader(folder).read();
  return { secrets, findings };
}

/** `watch` false: the folder is read once. */
export function withTlsFolder(
  provider: Provider,
  { folder, watch, logger }: { readonly folder: string; readonly watch: boolean; readonly logger: Logger },
): Provider {
  const reader = new TlsFolderReader(folder);
  let reading = reader.read();
  let below: { readonly snapshot: ResourceSnapshot | null; readonly findings: readonly InputFinding[] } = {
    snapshot: null,
    findings: [],
  };
  let listener: ProviderListener | null = null;
  let timer: NodeJS.Timeout | null = null;

  const publish = (): void => {
    listener?.onFindings([...below.findings, ...reading.findings]);
    if (below.snapshot !== null) listener?.onSnapshot(withSecrets(below.snapshot, reading.secrets));
  };
  const folderWatch = new FolderWatch(() => {
    if (timer !== null) clearTimeout(timer);
    timer = setTimeout(() => {
      const next = reader.read();
      folderWatch.set(watched(next.folders));
      if (isSame(reading, next)) return;
      reading = next;
      publish();
    }, QUIET_MS);
  }, logger);
  return {
    start(whose) {
      listener = whose;
      if (watch) folderWatch.set(watched(reading.folders));
      return provider.start({
        onFindings(findings) {
          below = { ...below, findings };
          whose.onFindings([...findings, ...reading.findings]);
        },
        onSnapshot(snapshot) {
          below = { ...below, snapshot };
          whose.onSnapshot(withSecrets(snapshot, reading.secrets));
        },
      });
    },
    writeStatus: (updates) => {
      provider.writeStatus(updates);
    },
    async close() {
      if (timer !== null) clearTimeout(timer);
      folderWatch.close();
      await provider.close();
    },
  };
}

const watched = (folders: readonly string[]): ReadonlyMap<string, null> =>
  new Map(folders.map((folder) => [folder, null]));

const isSame = (a: Reading, b: Reading): boolean =>
  a.secrets.length === b.secrets.length &&
  a.secrets.every((secret, index) => secret === b.secrets[index]) &&
  JSON.stringify(a.findings) === JSON.stringify(b.findings);

export function withSecrets(snapshot: ResourceSnapshot, found: readonly Secret[]): ResourceSnapshot {
  const key = ({ metadata }: Secret): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  const own = new Set(snapshot.secrets.map(key));
  return { ...snapshot, secrets: [...snapshot.secrets, ...found.filter((secret) => !own.has(key(secret)))] };
}

/** `digest` is of the text of both files, so that what did not change stays the same object. */
interface ReadSecret {
  readonly pair: Pair;
  readonly digest: string;
  readonly secret: Secret;
}

/** One file of a pair is missing, or not written yet: the Secret is removed only if both are. */
const isHalfThere = ({ pair }: ReadSecret): boolean =>
  existsSync(pair.certificateFile) !== existsSync(pair.keyFile);

class TlsFolderReader {
  readonly #folder: string;
  #known = new Map<string, ReadSecret>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(): Reading {
    const findings: InputFinding[] = [];
    const folders = [this.#folder];
    const pairs = this.#list(this.#folder, DEFAULT_NAMESPACE, findings);
    for (const name of subfolders(this.#folder)) {
      const folder = join(this.#folder, name);
      folders.push(folder);
      pairs.push(...this.#list(folder, name, findings));
    }
    const known = new Map<string, ReadSecret>();
    for (const pair of pairs) {
      const entry = this.#secretOf(pair, findings);
      if (entry !== null) known.set(`${pair.namespace}/${pair.name}`, entry);
    }
    for (const [name, entry] of this.#known)
      if (!known.has(name) && isHalfThere(entry)) known.set(name, entry);
    this.#known = known;
    return { secrets: [...known.values()].map(({ secret }) => secret), findings, folders };
  }

  #list(folder: string, namespace: string, findings: InputFinding[]): Pair[] {
    const names = new Set(namesIn(folder, findings));
    const isTop = folder === this.#folder;
    const pairs: Pair[] = [];
    for (const name of [...names].toSorted()) {
      const key = keyFileOf(name);
      if (key === null || (isTop && name === 'fullchain.pem')) continue;
      if (!names.has(key)) {
        // The certificate of a CA must not be here with its key.
        if (name !== 'ca.crt') findings.push(withoutKey(join(folder, name), key));
        continue;
      }
      const isMounted = !isTop && (name === 'tls.crt' || name === 'fullchain.pem');
      pairs.push({
        namespace: isMounted ? DEFAULT_NAMESPACE : namespace,
        name: isMounted ? namespace : name.slice(0, -'.crt'.length),
        certificateFile: join(folder, name),
        keyFile: join(folder, key),
      });
    }
    return pairs;
  }

  /** While the two files of a pair are being replaced they do not match: the last matching pair is still served. */
  #secretOf(pair: Pair, findings: InputFinding[]): ReadSecret | null {
    const before = this.#known.get(`${pair.namespace}/${pair.name}`) ?? null;
    const certificate = readText(pair.certificateFile, findings);
    const key = readText(pair.keyFile, findings);
    if (certificate === null || key === null) return before;
    const digest = createHash('sha256').update(certificate).update('\0').update(key).digest('base64');
    if (before?.digest === digest) return before;
    const reading = readCertificate(certificate, key);
    if (!reading.ok) {
      findings.push(
        inputFinding('invalid-value', {
          message: `${pair.certificateFile} and its key cannot be used: ${reading.message}`,
          hint: before === null ? null : 'the previous pair is still served',
          location: { file: pair.certificateFile, line: 1, column: 1 },
        }),
      );
      return before;
    }
    return { pair, digest, secret: secretFrom(pair, certificate, key) };
  }
}

const secretFrom = ({ namespace, name }: Pair, certificate: string, key: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name },
  type: 'kubernetes.io/tls',
  data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
});

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

function keyFileOf(name: string): string | null {
  if (name === 'fullchain.pem') return 'privkey.pem';
  return name.endsWith('.crt') ? `${name.slice(0, -'.crt'.length)}.key` : null;
}

const withoutKey = (file: string, key: string): InputFinding =>
  inputFinding('missing-path', {
    message: `${file} has no key beside it`,
    hint: `its key must be called ${key}`,
    location: { file, line: 1, column: 1 },
  });

function namesIn(folder: string, findings: InputFinding[]): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.push(inputFinding('missing-path', { message: `${folder}: ${reason}`, location: null }));
    return [];
  }
}

/** Includes links to folders: a mounted Secret consists of links. Hidden ones are skipped. */
function subfolders(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter((entry) => (entry.isDirectory() || entry.isSymbolicLink()) && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .filter((name) => isFolder(join(folder, name)))
      .toSorted();
  } catch {
    return [];
  }
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function readText(file: string, findings: InputFinding[]): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    findings.push(
      inputFinding('unreadable-file', {
        message: `${file} cannot be read: ${reason}`,
        hint: 'its last content is still served',
        location: { file, line: 1, column: 1 },
      }),
    );
    return null;
  }
}
