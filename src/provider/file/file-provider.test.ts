import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { createFileProvider, type LocatingProvider } from './file-provider.ts';

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

const pathOf = (state: State | null, name: string): string | undefined =>
  state?.snapshot.httpRoutes.find(({ metadata }) => metadata.name === name)?.spec.rules?.[0]?.matches?.[0]
    ?.path?.value;

/** Regular looks are off throughout: what is seen was told by the file system. */
suite('hot reload', () => {
  let folder = '';
  let provider: LocatingProvider | null = null;
  let states: State[] = [];
  let waiting: { readonly holds: (state: State) => boolean; readonly resolve: () => void }[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-files-'));
    waiting = [];
    states = [];
  });
  afterEach(async () => {
    await provider?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const latest = (): State | null => states.at(-1) ?? null;
  const start = async (...paths: string[]): Promise<void> => {
    provider = createFileProvider({ paths, watch: true, logger: SILENT_LOGGER, pollMs: Infinity });
    let findings: readonly InputFinding[] = [];
    await provider.start({
      onFindings: (found) => {
        findings = found;
      },
      onSnapshot: (snapshot) => {
        const state = { snapshot, findings };
        states.push(state);
        const done = waiting.filter(({ holds }) => holds(state));
        waiting = waiting.filter((entry) => !done.includes(entry));
        for (const { resolve } of done) resolve();
      },
    });
  };
  /** Resolves with the first state, now or later, of which `holds` is true. */
  const until = (holds: (state: State) => boolean): Promise<void> =>
    new Promise((resolve) => {
      const state = latest();
      if (state !== null && holds(state)) resolve();
      else waiting.push({ holds, resolve });
    });
  const untilPath = (name: string, path: string | undefined): Promise<void> =>
    until((state) => pathOf(state, name) === path);
  const file = (name: string): string => join(folder, name);

  test('an edit in place, a rename over, a new file, a removed one', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(folder);
    writeFileSync(file('a.yaml'), route('a', '/2'));
    await untilPath('a', '/2');
    assert.equal(latest()?.snapshot.httpRoutes[0]?.metadata.generation, 2);
    writeFileSync(file('.a.yaml.swp'), route('a', '/3'));
    renameSync(file('.a.yaml.swp'), file('a.yaml'));
    await untilPath('a', '/3');
    mkdirSync(file('deep/er'), { recursive: true });
    writeFileSync(file('deep/er/b.yaml'), route('b', '/b'));
    await untilPath('b', '/b');
    rmSync(file('a.yaml'));
    await untilPath('a', undefined);
  });

  test('an invalid object keeps its last valid version; the others are updated', async () => {
    writeFileSync(file('a.yaml'), `${route('a', '/1')}---\n${route('b', '/1')}`);
    await start(folder);
    writeFileSync(file('a.yaml'), `${route('a', 'no-slash')}---\n${route('b', '/2')}`);
    await untilPath('b', '/2');
    assert.equal(pathOf(latest(), 'a'), '/1');
    assert.ok(latest()?.findings.some(({ object }) => object?.name === 'a'));
    writeFileSync(file('a.yaml'), `${route('a', '/3')}---\n${route('b', '/2')}`);
    await untilPath('a', '/3');
    assert.deepEqual(latest()?.findings, []);
  });

  test('a file that is written bit by bit', async () => {
    writeFileSync(file('a.yaml'), `${route('a', '/1')}---\n${route('b', '/1')}`);
    await start(folder);
    const text = `${route('a', '/2')}---\n${route('b', '/2')}`;
    truncateSync(file('a.yaml'), 0);
    for (let at = 0; at < text.length; at += 40) {
      appendFileSync(file('a.yaml'), text.slice(at, at + 40));
      await new Promise(setImmediate);
    }
    await untilPath('b', '/2');
    for (const state of states) {
      assert.notEqual(pathOf(state, 'a'), undefined);
      assert.notEqual(pathOf(state, 'b'), undefined);
    }
  });

  test('a save by delete and create leaves no gap', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    writeFileSync(file('b.yaml'), route('b', '/1'));
    await start(folder);
    unlinkSync(file('a.yaml'));
    writeFileSync(file('b.yaml'), route('b', '/2'));
    await untilPath('b', '/2');
    assert.equal(pathOf(latest(), 'a'), '/1', 'it has a moment to come back');
    writeFileSync(file('a.yaml'), route('a', '/2'));
    await untilPath('a', '/2');
    for (const state of states) assert.notEqual(pathOf(state, 'a'), undefined);
  });

  test('an emptied file that stays empty', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(folder);
    truncateSync(file('a.yaml'), 0);
    await untilPath('a', undefined);
    writeFileSync(file('a.yaml'), route('a', '/2'));
    await untilPath('a', '/2');
  });

  test('a folder that is deleted and made again, with the one above it', async () => {
    const inner = file('conf/routes');
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'a.yaml'), route('a', '/1'));
    await start(inner);
    rmSync(file('conf'), { recursive: true });
    await until((state) => state.findings.some(({ code }) => code === 'missing-path'));
    await untilPath('a', undefined);
    mkdirSync(inner, { recursive: true });
    writeFileSync(join(inner, 'a.yaml'), route('a', '/2'));
    await untilPath('a', '/2');
    writeFileSync(join(inner, 'a.yaml'), route('a', '/3'));
    await untilPath('a', '/3');
  });

  test('a mounted ConfigMap: links into a folder that is swapped', async () => {
    mkdirSync(file('..one'));
    writeFileSync(file('..one/a.yaml'), route('a', '/1'));
    symlinkSync('..one', file('..data'));
    symlinkSync('..data/a.yaml', file('a.yaml'));
    await start(folder);
    assert.equal(pathOf(latest(), 'a'), '/1');
    for (const [name, path] of [
      ['..two', '/2'],
      ['..three', '/3'],
    ] as const) {
      mkdirSync(file(name));
      writeFileSync(file(`${name}/a.yaml`), route('a', path));
      symlinkSync(name, file('..data_tmp'));
      renameSync(file('..data_tmp'), file('..data'));
      await untilPath('a', path);
    }
  });

  test('what a link leads to, in a folder of its own', async () => {
    mkdirSync(file('store'));
    mkdirSync(file('conf'));
    writeFileSync(file('store/a'), route('a', '/1'));
    symlinkSync('../store/a', file('conf/a.yaml'));
    await start(file('conf'));
    writeFileSync(file('store/a'), route('a', '/2'));
    await untilPath('a', '/2');
  });

  test('a single file, replaced, removed and made again; its neighbors do not count', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(file('a.yaml'));
    writeFileSync(file('new'), route('a', '/2'));
    renameSync(file('new'), file('a.yaml'));
    await untilPath('a', '/2');
    writeFileSync(file('b.yaml'), route('b', '/1'));
    rmSync(file('a.yaml'));
    await untilPath('a', undefined);
    assert.equal(pathOf(latest(), 'b'), undefined);
    writeFileSync(file('a.yaml'), route('a', '/3'));
    await untilPath('a', '/3');
  });

  test('a path that is not there yet', async () => {
    await start(file('later/a.yaml'));
    assert.deepEqual(
      latest()?.findings.map(({ code }) => code),
      ['missing-path'],
    );
    mkdirSync(file('later'));
    writeFileSync(file('later/a.yaml'), route('a', '/1'));
    await untilPath('a', '/1');
    assert.deepEqual(latest()?.findings, []);
  });

  test('many files at once are few snapshots', async () => {
    await start(folder);
    for (let n = 0; n < 200; n += 1) writeFileSync(file(`r${String(n)}.yaml`), route(`r${String(n)}`));
    await until((state) => state.snapshot.httpRoutes.length === 200);
    assert.ok(states.length < 20, `${String(states.length)} snapshots`);
  });

  test('what did not change makes no snapshot', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(folder);
    writeFileSync(file('notes.txt'), 'nothing');
    writeFileSync(file('.hidden.yaml'), route('h'));
    writeFileSync(file('b.yaml'), route('b', '/1'));
    await untilPath('b', '/1');
    assert.equal(states.length, 2);
  });

  test('places follow the edits; nothing comes after close', async () => {
    writeFileSync(file('a.yaml'), route('a', '/1'));
    await start(folder);
    const ref = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'default', name: 'a' };
    assert.equal(provider?.locate(ref, 'metadata.name')?.line, 4);
    writeFileSync(file('a.yaml'), `# moved\n${route('a', '/2')}`);
    await untilPath('a', '/2');
    assert.deepEqual(provider.locate(ref, 'metadata.name'), { file: file('a.yaml'), line: 5, column: 9 });
    await provider.close();
    const count = states.length;
    writeFileSync(file('a.yaml'), route('a', '/3'));
    const other = createFileProvider({ paths: [folder], watch: false, logger: SILENT_LOGGER });
    await other.start({ onSnapshot: () => undefined, onFindings: () => undefined });
    await other.close();
    assert.equal(states.length, count);
  });
});

test('statuses are passed to the subscriber', async () => {
  const written: number[] = [];
  const provider = createFileProvider({
    paths: [],
    watch: false,
    logger: SILENT_LOGGER,
    onStatus: (updates) => written.push(updates.length),
  });
  await provider.start({ onSnapshot: () => undefined, onFindings: () => undefined });
  provider.writeStatus([]);
  await provider.close();
  assert.deepEqual(written, [0]);
});
