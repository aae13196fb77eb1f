import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Provider } from '../provider.ts';
import { createFileProvider } from './file-provider.ts';
import { loadResources, stateFromText } from './load.ts';

interface State {
  readonly snapshot: ResourceSnapshot;
  readonly findings: readonly InputFinding[];
}

const route = (name: string, path = '/'): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: ${name}
spec:
  rules:
  - matches:
    - path: {type: PathPrefix, value: ${path}}
`;

const pathOf = (state: State, name: string): string | undefined =>
  state.snapshot.httpRoutes.find(({ metadata }) => metadata.name === name)?.spec.rules?.[0]?.matches?.[0]
    ?.path?.value;

suite('reading manifests', () => {
  test('documents, lists, JSON; namespaces are filled in and implied', () => {
    const text = [
      route('a'),
      '---\n# nothing\n---\n',
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'List',
        items: [{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c', namespace: 'shop' } }],
      }),
      '\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: "1"}\n',
    ].join('');
    const { snapshot, findings } = stateFromText(text, 'all.yaml');
    assert.deepEqual(findings, []);
    assert.equal(snapshot.httpRoutes[0]?.metadata.namespace, 'default');
    assert.equal(snapshot.httpRoutes[0].metadata.generation, 1);
    assert.deepEqual(snapshot.secrets[0]?.data, { a: 'MQ==' });
    assert.deepEqual(
      snapshot.namespaces.map(({ metadata }) => metadata.labels),
      [{ 'kubernetes.io/metadata.name': 'default' }, { 'kubernetes.io/metadata.name': 'shop' }],
    );
  });

  test('every finding says where and what to write', () => {
    const { findings } = stateFromText(
      `${route('a')}---\n${route('b', 'x')}---\n${route('a')}---\na: [\n`,
      'f.yaml',
    );
    const shown = findings.map(
      ({ location, path, message }) =>
        `${String(location?.line)}:${String(location?.column)} ${path} ${message}`,
    );
    assert.equal(shown.length, 3, shown.join('\n'));
    assert.match(shown[0] ?? '', /^\d+:\d+ {2}not valid YAML/);
    assert.match(
      shown[1] ?? '',
      /^17:13 spec\.rules\[0\]\.matches\[0\]\.path value must be an absolute path/,
    );
    assert.match(shown[2] ?? '', /^19:1 .*stands in f.yaml:1 already/);
  });

  test('a missing path is a finding', () => {
    const { findings } = loadResources(['/nowhere/at/all']);
    assert.equal(findings[0]?.code, 'missing-path');
  });
});

suite('hot reload', () => {
  let folder = '';
  let provider: Provider | null = null;
  let waiting: { readonly holds: (state: State) => boolean; readonly resolve: () => void }[] = [];
  let latest: State | null = null;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-files-'));
    waiting = [];
    latest = null;
  });
  afterEach(async () => {
    await provider?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = async (path: string): Promise<void> => {
    provider = createFileProvider({ paths: [path], watch: true, logger: SILENT_LOGGER });
    let findings: readonly InputFinding[] = [];
    await provider.start({
      onFindings: (found) => {
        findings = found;
      },
      onSnapshot: (snapshot) => {
        const state = { snapshot, findings };
        latest = state;
        const done = waiting.filter(({ holds }) => holds(state));
        waiting = waiting.filter((entry) => !done.includes(entry));
        for (const { resolve } of done) resolve();
      },
    });
  };
  /** Resolves with the first state, now or later, of which `holds` is true. */
  const until = (holds: (state: State) => boolean): Promise<void> =>
    new Promise((resolve) => {
      if (latest !== null && holds(latest)) resolve();
      else waiting.push({ holds, resolve });
    });
  const file = (name: string): string => join(folder, name);

  test('an edit in place, a rename over, a new file, a removed one', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(folder);
    writeFileSync(file('a.yaml'), route('a', '/2'));
    await until((state) => pathOf(state, 'a') === '/2');
    assert.equal(latest?.snapshot.httpRoutes[0]?.metadata.generation, 2);
    writeFileSync(file('.a.yaml.swp'), route('a', '/3'));
    renameSync(file('.a.yaml.swp'), file('a.yaml'));
    await until((state) => pathOf(state, 'a') === '/3');
    mkdirSync(file('deep/er'), { recursive: true });
    writeFileSync(file('deep/er/b.yaml'), route('b', '/b'));
    await until((state) => pathOf(state, 'b') === '/b');
    rmSync(file('a.yaml'));
    await until((state) => pathOf(state, 'a') === undefined);
  });

  test('an object that does not validate stays in force as it last did; the others go on', async () => {
    writeFileSync(file('a.yaml'), `${route('a', '/1')}---\n${route('b', '/1')}`);
    await start(folder);
    writeFileSync(file('a.yaml'), `${route('a', 'no-slash')}---\n${route('b', '/2')}`);
    await until((state) => pathOf(state, 'b') === '/2');
    assert.equal(latest === null ? '' : pathOf(latest, 'a'), '/1');
    assert.ok(latest?.findings.some(({ object }) => object?.name === 'a'));
    writeFileSync(file('a.yaml'), `${route('a', '/3')}---\n${route('b', '/2')}`);
    await until((state) => pathOf(state, 'a') === '/3');
    assert.deepEqual(latest?.findings, []);
  });

  test('a half-written file takes nothing away', async () => {
    writeFileSync(file('a.yaml'), `${route('a', '/1')}---\n${route('b', '/1')}`);
    await start(folder);
    writeFileSync(file('a.yaml'), `${route('a', '/2')}---\nspec: {rules: [`);
    await until((state) => pathOf(state, 'a') === '/2');
    assert.equal(latest === null ? '' : pathOf(latest, 'b'), '/1');
    truncateSync(file('a.yaml'), 0);
    await until((state) => state.snapshot.httpRoutes.length === 0);
  });

  test('a folder that is deleted and made again', async () => {
    const inner = file('conf');
    mkdirSync(inner);
    writeFileSync(join(inner, 'a.yaml'), route('a', '/1'));
    await start(inner);
    rmSync(inner, { recursive: true });
    await until((state) => state.findings.some(({ code }) => code === 'missing-path'));
    mkdirSync(inner);
    writeFileSync(join(inner, 'a.yaml'), route('a', '/2'));
    await until((state) => pathOf(state, 'a') === '/2');
    writeFileSync(join(inner, 'a.yaml'), route('a', '/3'));
    await until((state) => pathOf(state, 'a') === '/3');
  });

  test('a mounted ConfigMap: links into a folder that is swapped', async () => {
    mkdirSync(file('..one'));
    writeFileSync(file('..one/a.yaml'), route('a', '/1'));
    symlinkSync('..one', file('..data'));
    symlinkSync('..data/a.yaml', file('a.yaml'));
    await start(folder);
    assert.equal(latest === null ? '' : pathOf(latest, 'a'), '/1');
    mkdirSync(file('..two'));
    writeFileSync(file('..two/a.yaml'), route('a', '/2'));
    symlinkSync('..two', file('..data_tmp'));
    renameSync(file('..data_tmp'), file('..data'));
    await until((state) => pathOf(state, 'a') === '/2');
  });
});
