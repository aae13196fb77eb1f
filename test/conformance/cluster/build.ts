/**
 * Everything the cluster and the suite need, built from Go modules. A build is kept under the hash of the versions and
 * of what builds it, so a second run finds it done.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.ts';
import { writeImageArchive } from './image-archive.ts';
import { VERSIONS, type Layout } from './layout.ts';

const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kube-proxy',
  'kubelet',
  'kubectl',
];

/** Tags under which the suite's manifests ask for the echo server; the newest build serves them all. */
const ECHO_TAGS = ['v1.5.1', 'v1.6.0-dev.2', 'v1.6.0-dev.3'];

/** PID 1 of every pod: waits, and reaps what its pod leaves behind. */
const PAUSE_C = `#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void down(int s) { (void)s; _exit(0); }
static void reap(int s) { (void)s; while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main(void) { signal(SIGINT, down); signal(SIGTERM, down); signal(SIGCHLD, reap); for (;;) pause(); }
`;

export function buildCluster(layout: Layout, log: (line: string) => void): void {
  const stamp = join(layout.cache, 'built');
  const wanted = createHash('sha256')
    .update(JSON.stringify(VERSIONS))
    .update(readFileSync(import.meta.filename))
    .digest('hex');
  const isBuilt = existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
  // The module's folder is in Go's own cache, which may have been emptied.
  if (isBuilt && existsSync(gatewayApiFolder(layout))) return;
  log('building Kubernetes, etcd, CoreDNS and the suite (first time: about 12 minutes on 2 cores)');
  buildControlPlane(layout);
  buildSuite(layout);
  buildCoredns(layout);
  buildPause(layout);
  buildHelm(layout);
  writeFileSync(stamp, wanted);
}

/** The folder of the Gateway API module: its CRDs are in `config/crd`. */
export function gatewayApiFolder(layout: Layout): string {
  return readFileSync(join(layout.cache, 'gateway-api.folder'), 'utf8').trim();
}

function buildControlPlane({ cache, bin }: Layout): void {
  const folder = goModule(cache, 'cluster', () => {
    const pins = stagingReplacements();
    return {
      requires: [`k8s.io/kubernetes ${VERSIONS.kubernetes}`, `go.etcd.io/etcd/server/v3 ${VERSIONS.etcd}`],
      replaces: pins,
      imports: [
        'go.etcd.io/etcd/server/v3',
        ...KUBERNETES_PROGRAMS.map((name) => `k8s.io/kubernetes/cmd/${name}`),
      ],
    };
  });
  go(folder, ['build', '-trimpath', '-ldflags', '-s -w', '-o', `${bin}/`, 'go.etcd.io/etcd/server/v3']);
  for (const name of KUBERNETES_PROGRAMS) {
    go(folder, ['build', '-trimpath', '-ldflags', '-s -w', '-o', `${bin}/`, `k8s.io/kubernetes/cmd/${name}`]);
  }
}

/** Kubernetes' staging modules carry v0.N versions that its own go.mod replaces by folders; here by those versions. */
function stagingReplacements(): string[] {
  const text = run('go', ['mod', 'download', '-json', `k8s.io/kubernetes@${VERSIONS.kubernetes}`], {
    cwd: '/',
  });
  const { Dir: folder } = JSON.parse(text) as { readonly Dir: string };
  const staged = readFileSync(join(folder, 'go.mod'), 'utf8').matchAll(
    /^\t(k8s\.io\/[a-z-]+) => \.\/staging/gm,
  );
  const version = VERSIONS.kubernetes.replace('v1', 'v0');
  return [...staged].map((match) => `${match[1] ?? ''} => ${match[1] ?? ''} ${version}`);
}

function buildSuite({ cache, bin, images }: Layout): void {
  const folder = goModule(cache, 'suite', () => ({
    requires: [
      `sigs.k8s.io/gateway-api ${VERSIONS.gatewayApi}`,
      `sigs.k8s.io/gateway-api/conformance ${VERSIONS.gatewayApi}`,
    ],
    replaces: [],
    imports: ['sigs.k8s.io/gateway-api/conformance', 'sigs.k8s.io/gateway-api/conformance/echo-basic'],
  }));
  go(folder, ['test', '-c', '-o', join(bin, 'conformance.test'), 'sigs.k8s.io/gateway-api/conformance']);
  const echo = join(bin, 'echo-basic');
  go(
    folder,
    ['build', '-trimpath', '-ldflags', '-s -w', '-o', echo, 'sigs.k8s.io/gateway-api/conformance/echo-basic'],
    STATIC,
  );
  writeFileSync(
    join(cache, 'gateway-api.folder'),
    go(folder, ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api']),
  );
  writeImageArchive(
    {
      names: ECHO_TAGS.map((tag) => `registry.k8s.io/gateway-api/echo-basic:${tag}`),
      entrypoint: ['/echo-basic'],
      files: { '/echo-basic': { path: echo } },
    },
    join(images, 'echo-basic.tar'),
  );
}

function buildCoredns({ cache, bin, images }: Layout): void {
  const folder = goModule(cache, 'coredns', () => ({
    requires: [`github.com/coredns/coredns ${VERSIONS.coredns}`],
    replaces: [],
    imports: ['github.com/coredns/coredns'],
  }));
  const program = join(bin, 'coredns');
  go(
    folder,
    ['build', '-trimpath', '-ldflags', '-s -w', '-o', program, 'github.com/coredns/coredns'],
    STATIC,
  );
  writeImageArchive(
    {
      names: ['registry.k8s.io/coredns/coredns:v1.12.2'],
      entrypoint: ['/coredns'],
      files: { '/coredns': { path: program } },
    },
    join(images, 'coredns.tar'),
  );
}

function buildPause({ cache, bin, images }: Layout): void {
  const source = join(cache, 'pause.c');
  const program = join(bin, 'pause');
  writeFileSync(source, PAUSE_C);
  run('gcc', ['-static', '-O2', '-o', program, source]);
  writeImageArchive(
    { names: ['registry.k8s.io/pause:3.10'], entrypoint: ['/pause'], files: { '/pause': { path: program } } },
    join(images, 'pause.tar'),
  );
}

export function buildHelm({ cache, bin }: Pick<Layout, 'cache' | 'bin'>): void {
  const folder = goModule(cache, 'helm', () => ({
    requires: [`helm.sh/helm/v3 ${VERSIONS.helm}`],
    replaces: [],
    imports: ['helm.sh/helm/v3/cmd/helm'],
  }));
  go(
    folder,
    ['build', '-trimpath', '-ldflags', '-s -w', '-o', `${bin}/`, 'helm.sh/helm/v3/cmd/helm'],
    STATIC,
  );
}

interface GoModule {
  readonly requires: readonly string[];
  readonly replaces: readonly string[];
  readonly imports: readonly string[];
}

const STATIC = { CGO_ENABLED: '0' };

/** A Go module whose only purpose is to name the programs to build; tidied once. */
function goModule(cache: string, name: string, describe: () => GoModule): string {
  const folder = join(cache, 'go', name);
  if (existsSync(join(folder, 'go.sum'))) return folder;
  mkdirSync(folder, { recursive: true });
  const { requires, replaces, imports } = describe();
  const block = (word: string, lines: readonly string[]): string =>
    lines.length === 0 ? '' : `${word} (\n${lines.map((line) => `\t${line}\n`).join('')})\n`;
  writeFileSync(
    join(folder, 'go.mod'),
    `module ${name}\n\ngo ${VERSIONS.go}\n\n${block('require', requires)}${block('replace', replaces)}`,
  );
  const blank = imports.map((path) => `_ "${path}"`);
  writeFileSync(join(folder, 'tools.go'), `//go:build tools\n\npackage ${name}\n\n${block('import', blank)}`);
  go(folder, ['mod', 'tidy']);
  return folder;
}

const go = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string =>
  run('go', args, { cwd, env });
