/** What options open: `off` opens no socket and no file, and a default listens on loopback only. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { InvalidArgumentError } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { listeningSockets, type ListeningSocket } from '../support/listening-sockets.ts';
import { REPOSITORY, spawnSluice, type SluiceProcess } from '../support/sluice-process.ts';

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-options-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

interface Started {
  readonly sluice: SluiceProcess;
  readonly sockets: readonly ListeningSocket[];
  readonly folder: string;
}

async function start(t: TestContext, args: readonly string[], ready: RegExp): Promise<Started> {
  const folder = emptyFolder(t);
  const sluice = spawnSluice(args, folder);
  t.after(() => sluice.stop());
  await sluice.printed(ready);
  return { sluice, sockets: listeningSockets(sluice.pid), folder };
}

const QUICKSTART = join(REPOSITORY, 'examples', 'quickstart');
const RUN = ['run', QUICKSTART, '--workers', '1', '--bind', '127.0.0.2', '--map', '80=0'];
/** 127.0.0.2: the listeners of the Gateway, apart from whatever else is opened. */
const isListener = ({ rawAddress }: ListeningSocket): boolean => rawAddress === '0200007F';

suite('sockets and files', () => {
  test('run --admin off --access-log off opens nothing but the listeners', async (t) => {
    const { sluice, sockets, folder } = await start(
      t,
      [...RUN, '--admin', 'off', '--access-log', 'off'],
      /ready in/,
    );
    assert.equal(sockets.filter(isListener).length, 1);
    assert.deepEqual(
      sockets.filter((socket) => !isListener(socket)),
      [],
    );
    assert.deepEqual(readdirSync(folder), []);
    assert.doesNotMatch(sluice.output().stdout, /admin API/);
  });

  test('run by default opens its admin API on loopback, and no file', async (t) => {
    const { sockets, folder } = await start(t, RUN, /ready in/);
    const others = sockets.filter((socket) => !isListener(socket));
    // None where another gateway of this machine has the default port.
    assert.ok(
      others.every(({ isLoopback, port }) => isLoopback && port === 15_000),
      JSON.stringify(others),
    );
    assert.deepEqual(readdirSync(folder), []);
  });

  test('run --admin :PORT, without an address, is loopback', async (t) => {
    const { sockets } = await start(t, [...RUN, '--admin', ':0'], /ready in/);
    const others = sockets.filter((socket) => !isListener(socket));
    assert.deepEqual(
      others.map(({ isLoopback }) => isLoopback),
      [true],
    );
  });

  test('run --echo opens its backends on loopback', async (t) => {
    const { sockets } = await start(t, [...RUN, '--admin', 'off', '--echo'], /ready in/);
    const others = sockets.filter((socket) => !isListener(socket));
    assert.ok(others.length > 0);
    assert.ok(
      others.every(({ isLoopback }) => isLoopback),
      JSON.stringify(others),
    );
  });

  test('echo listens on loopback by default', async (t) => {
    const { sockets } = await start(t, ['echo', '--port', '0'], /answers on/);
    assert.deepEqual(
      sockets.map(({ isLoopback }) => isLoopback),
      [true],
    );
  });

  test('proxy opens its probes where they are wanted, and nothing else before it has a configuration', async (t) => {
    const state = emptyFolder(t);
    const args = [
      '--gateway',
      'default/web',
      '--controller',
      '127.0.0.1:1',
      '--identity',
      state,
      '--state',
      state,
    ];
    const options = [...args, '--probes', '127.0.0.1:0', '--workers', '1', '--log-level', 'debug'];
    const { sockets } = await start(t, ['proxy', ...options], /controller/);
    assert.deepEqual(
      sockets.map(({ isLoopback }) => isLoopback),
      [true],
    );
  });
});

/** Options that listen on every address unless told otherwise, and why they must. */
const ON_EVERY_ADDRESS: Readonly<Record<string, string>> = {
  'proxy --probes': 'the kubelet asks from outside of the pod',
};

suite('every option of every command', () => {
  for (const command of createProgram().commands) {
    for (const option of command.options) {
      const name = `${command.name()} ${option.long ?? option.flags}`;
      const parse = option.parseArg;
      if (parse !== undefined) {
        test(`${name}: a parser answers with a value or refuses`, () => {
          for (const text of ['off', '', '0', 'none', '127.0.0.1:0', '80=8080', '10.0.0.0/8', 'a: b']) {
            let value: unknown;
            try {
              value = parse(text, option.defaultValue);
            } catch (error) {
              assert.ok(error instanceof InvalidArgumentError, String(error));
              continue;
            }
            // Commander takes these for "no value", and what then opens is an accident.
            assert.ok(value !== null && value !== undefined, `${name} "${text}"`);
          }
        });
      }
      const address: unknown = option.defaultValue;
      if (typeof address !== 'object' || address === null || !('host' in address)) continue;
      test(`${name}: the default is loopback`, () => {
        const isLoopback = address.host === '127.0.0.1';
        assert.equal(isLoopback, !(name in ON_EVERY_ADDRESS), String(address.host));
      });
    }
  }
});
