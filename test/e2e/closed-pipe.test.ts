/** `sluice … | head`: a reader that leaves is no error, and takes no gateway down. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { suite, test, type TestContext } from 'node:test';
import { createProgram } from '../../src/cli/program.ts';
import { send } from '../support/http-client.ts';
import { closedPort } from '../support/tcp-peers.ts';
import { REPOSITORY, SLUICE, startSluice } from '../support/sluice-process.ts';

/** Runs with a standard output whose reader is gone from the start; what it says on standard error, and its exit code. */
async function withoutReader(args: readonly string[]): Promise<{ stderr: string; code: number | null }> {
  // The reader leaves at once; Node takes longer than that to start.
  const script = '"$@" | true; exit "${PIPESTATUS[0]}"';
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, SLUICE, ...args], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [stderr, [code]] = await Promise.all([
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { stderr, code };
}

suite('a closed pipe', () => {
  const commands = createProgram().commands.map((command) => command.name());
  for (const command of commands) {
    test(`${command} --help ends quietly`, async () => {
      assert.deepEqual(await withoutReader([command, '--help']), { stderr: '', code: 0 });
    });
  }

  test('check keeps its verdict', async () => {
    assert.deepEqual(await withoutReader(['check', 'examples/11-tls-routing']), { stderr: '', code: 1 });
  });

  test('explain keeps its verdict', async () => {
    const args = ['explain', 'examples/quickstart', '--echo', '--request', 'http://localhost/'];
    assert.deepEqual(await withoutReader(args), { stderr: '', code: 0 });
  });

  test('status of a running gateway', async (t) => {
    const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
    t.after(() => sluice.stop());
    const admin = sluice.admin.replace('http://', '');
    const { stderr } = await withoutReader(['status', '--admin', admin]);
    assert.equal(stderr, '');
  });

  test('run serves on when the reader of its summary leaves', async (t) => {
    await servesOn(t, [
      'run',
      'examples/quickstart',
      '--echo',
      '--admin',
      'off',
      '--workers',
      '1',
      '--bind',
      '127.0.0.1',
    ]);
  });
});

async function servesOn(t: TestContext, args: readonly string[]): Promise<void> {
  const port = await closedPort();
  const child = spawn(process.execPath, [SLUICE, ...args, `--map=80=${String(port)}`], {
    cwd: REPOSITORY,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  child.stdout.destroy();
  for (;;) {
    const status = await send({ port, host: 'shop.example', path: '/api/x' }).then(
      (answer) => answer.status,
      () => null,
    );
    assert.equal(child.exitCode, null);
    if (status === 200) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0);
}
