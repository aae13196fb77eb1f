/**
 * The address of the API server and the credentials for it: the service account of a pod, or a kubeconfig file.
 * The official client library takes 87 MiB of memory on import, half of what a controller may use; this file has
 * the part that is needed.
 */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describeFileError } from '../lib/file-error.ts';
import { failure, success, type Result } from '../lib/result.ts';
import { readKubeConfig, type ExecEntry, type UserEntry } from './kube-config-file.ts';

export interface ApiServer {
  readonly url: URL;
  readonly ca: string | null;
  readonly skipVerification: boolean;
  readonly clientCertificate: { readonly cert: string; readonly key: string } | null;
  /** The bearer token to send with the next request; null when a client certificate is enough. */
  token(): Promise<string | null>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

/** In a pod: its service account. Elsewhere: `path`, else `$KUBECONFIG`, else `~/.kube/config`. The failure explains what to do. */
export function loadApiServer(environment: Environment, path: string | null): Result<ApiServer, string> {
  const named = path ?? environment['KUBECONFIG'] ?? null;
  const host = environment['KUBERNETES_SERVICE_HOST'];
  try {
    if (named === null && host !== undefined) {
      return success(inCluster(host, environment['KUBERNETES_SERVICE_PORT'] ?? '443'));
    }
    const file = named ?? join(environment['HOME'] ?? '.', '.kube', 'config');
    if (!existsSync(file)) {
      return failure(`${file}: there is no such file; name a kubeconfig with --kubeconfig or KUBECONFIG`);
    }
    const server = fromKubeConfig(file, environment);
    return server.ok ? server : failure(`${file}: ${server.failure}`);
  } catch (error) {
    // A certificate or key that the kubeconfig names cannot be read, or the service account is not mounted.
    const reader =
      named === null && host !== undefined
        ? 'the service account of the pod'
        : `named by ${named ?? 'the kubeconfig'}`;
    return failure(`${describeFileError(error)} (${reader})`);
  }
}

function inCluster(host: string, port: string): ApiServer {
  const address = host.includes(':') ? `[${host}]` : host;
  return {
    url: new URL(`https://${address}:${port}`),
    ca: readFileSync(join(SERVICE_ACCOUNT, 'ca.crt'), 'utf8'),
    skipVerification: false,
    clientCertificate: null,
    token: rereadToken(join(SERVICE_ACCOUNT, 'token')),
  };
}

const REREAD_MS = 60_000;

/** Bound tokens rotate: the file is read again once a minute. */
function rereadToken(file: string): () => Promise<string> {
  let token = '';
  let readAtMs = -Infinity;
  return () => {
    if (performance.now() - readAtMs > REREAD_MS) {
      token = readFileSync(file, 'utf8').trim();
      readAtMs = performance.now();
    }
    return Promise.resolve(token);
  };
}

function fromKubeConfig(path: string, environment: Environment): Result<ApiServer, string> {
  const context = readKubeConfig(path);
  if (!context.ok) return context;
  const { cluster, user } = context.value;
  const read = (data: string | undefined, file: string | undefined): string | null => {
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    return file === undefined ? null : readFileSync(resolve(dirname(path), file), 'utf8');
  };
  const cert = read(user['client-certificate-data'], user['client-certificate']);
  const key = read(user['client-key-data'], user['client-key']);
  return success({
    url: new URL(cluster.server),
    ca: read(cluster['certificate-authority-data'], cluster['certificate-authority']),
    skipVerification: cluster['insecure-skip-tls-verify'] === true,
    clientCertificate: cert !== null && key !== null ? { cert, key } : null,
    token: tokenSource(user, path, environment),
  });
}

function tokenSource(user: UserEntry, path: string, environment: Environment): () => Promise<string | null> {
  const { token, tokenFile, exec } = user;
  if (token !== undefined) return () => Promise.resolve(token);
  if (tokenFile !== undefined) return rereadToken(resolve(dirname(path), tokenFile));
  if (exec !== undefined && exec !== null) return execToken(exec, environment);
  return () => Promise.resolve(null);
}

const runFile = promisify(execFile);
/** A credential is fetched again this long before it expires. */
const EXPIRY_MARGIN_MS = 60_000;
/** Time limit of a program that prints a token: it may ask a server, or a person to log in. */
const EXEC_TIMEOUT_MS = 60_000;

/** client.authentication.k8s.io ExecCredential: a program that prints a token. */
function execToken(
  { command, args, env, apiVersion }: ExecEntry,
  environment: Environment,
): () => Promise<string | null> {
  let cached: { readonly token: string | null; readonly expiresMs: number } | null = null;
  const added = Object.fromEntries((env ?? []).map(({ name, value }) => [name, value]));
  return async () => {
    if (cached !== null && cached.expiresMs - EXPIRY_MARGIN_MS > Date.now()) return cached.token;
    const info = JSON.stringify({ apiVersion, kind: 'ExecCredential', spec: { interactive: false } });
    const { stdout } = await runFile(command, [...(args ?? [])], {
      env: { ...environment, ...added, KUBERNETES_EXEC_INFO: info },
      timeout: EXEC_TIMEOUT_MS,
    });
    const { status } = JSON.parse(stdout) as {
      readonly status?: { readonly token?: string; readonly expirationTimestamp?: string };
    };
    const expiry = status?.expirationTimestamp;
    cached = {
      token: status?.token ?? null,
      expiresMs: expiry === undefined ? Infinity : Date.parse(expiry),
    };
    return cached.token;
  };
}
