/** A kubeconfig file, read and validated: the cluster and the user of its current context. Only what Sluice needs of it. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describeFileError } from '../lib/file-error.ts';
import { failure, success, type Result } from '../lib/result.ts';
import { flag, list, nullable, object, optional, ShapeError, text, type Shape } from '../lib/shape.ts';

export interface KubeConfigContext {
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
}

interface KubeConfigFile {
  readonly 'current-context'?: string | undefined;
  readonly contexts?: readonly ContextEntry[] | null | undefined;
  readonly clusters?: readonly { readonly name: string; readonly cluster: ClusterEntry }[] | null | undefined;
  readonly users?: readonly NamedUser[] | null | undefined;
}

interface ContextEntry {
  readonly name: string;
  readonly context: { readonly cluster: string; readonly user?: string | undefined };
}

interface NamedUser {
  readonly name: string;
  readonly user?: UserEntry | null | undefined;
}

export interface ClusterEntry {
  readonly server: string;
  readonly 'certificate-authority'?: string | undefined;
  readonly 'certificate-authority-data'?: string | undefined;
  readonly 'insecure-skip-tls-verify'?: boolean | undefined;
}

export interface UserEntry {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly 'client-certificate'?: string | undefined;
  readonly 'client-certificate-data'?: string | undefined;
  readonly 'client-key'?: string | undefined;
  readonly 'client-key-data'?: string | undefined;
  readonly exec?: ExecEntry | null | undefined;
}

export interface ExecEntry {
  readonly apiVersion?: string | undefined;
  readonly command: string;
  readonly args?: readonly string[] | null | undefined;
  readonly env?: readonly { readonly name: string; readonly value: string }[] | null | undefined;
}

const MAX_TEXT = 1_048_576;
const MAX_ENTRIES = 10_000;
const word = text(MAX_TEXT);
const url: Shape<string> = (value) => {
  const address = word(value);
  if (!URL.canParse(address)) throw new ShapeError(' is not a URL');
  return address;
};
const listed = <T>(shape: Shape<T>): Shape<readonly T[] | null | undefined> =>
  optional(nullable(list(shape, MAX_ENTRIES)));

const cluster: Shape<ClusterEntry> = object<ClusterEntry>({
  server: url,
  'certificate-authority': optional(word),
  'certificate-authority-data': optional(word),
  'insecure-skip-tls-verify': optional(flag),
});

const user: Shape<UserEntry> = object<UserEntry>({
  token: optional(word),
  tokenFile: optional(word),
  'client-certificate': optional(word),
  'client-certificate-data': optional(word),
  'client-key': optional(word),
  'client-key-data': optional(word),
  exec: optional(
    nullable(
      object<ExecEntry>({
        apiVersion: optional(word),
        command: word,
        args: listed(word),
        env: listed(object({ name: word, value: word })),
      }),
    ),
  ),
});

const kubeConfig: Shape<KubeConfigFile> = object<KubeConfigFile>({
  'current-context': optional(word),
  contexts: listed(
    object<ContextEntry>({
      name: word,
      context: object<ContextEntry['context']>({ cluster: word, user: optional(word) }),
    }),
  ),
  clusters: listed(object({ name: word, cluster })),
  users: listed(object<NamedUser>({ name: word, user: optional(nullable(user)) })),
});

/** The failure describes the problem, without the name of the file. */
export function readKubeConfig(path: string): Result<KubeConfigContext, string> {
  const file = parseFile(path);
  if (!file.ok) return file;
  const { contexts, clusters, users, 'current-context': current = '' } = file.value;
  const context = contexts?.find(({ name }) => name === current)?.context;
  if (context === undefined) {
    const hint = 'choose one with "kubectl config use-context"';
    return failure(current === '' ? `no current-context; ${hint}` : `no context "${current}"; ${hint}`);
  }
  const found = clusters?.find(({ name }) => name === context.cluster);
  if (found === undefined) return failure(`no cluster "${context.cluster}", which its current context names`);
  const identity = users?.find(({ name }) => name === context.user)?.user ?? {};
  return success({ cluster: found.cluster, user: identity });
}

function parseFile(path: string): Result<KubeConfigFile, string> {
  try {
    return success(kubeConfig(parse(readFileSync(path, 'utf8'))));
  } catch (error) {
    // Only the first line: a YAML error continues with an excerpt, which may contain a secret.
    const [problem = ''] = describeFileError(error).split('\n', 1);
    return failure(
      error instanceof ShapeError ? `not a kubeconfig file:${problem.replace(/^(?! )/, ' ')}` : problem,
    );
  }
}
