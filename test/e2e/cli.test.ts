/** The command line itself: help, misspellings, exit codes, output for machines. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { REPOSITORY, SLUICE } from '../support/sluice-process.ts';

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], input = ''): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [SLUICE, ...args],
      { cwd: REPOSITORY, env: { ...process.env, COLUMNS: '100' } },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

function fileOf(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

const CONTROLLER = ['controller', '--service', 'a', '--proxy-image', 'b', '--kubeconfig'];

const COMMANDS = ['run', 'check', 'explain', 'status', 'echo', 'cert', 'controller', 'proxy'];

suite('help', () => {
  test('names every command', async () => {
    const { code, stdout } = await run(['--help']);
    assert.equal(code, 0);
    for (const command of COMMANDS) assert.match(stdout, new RegExp(`^  ${command} `, 'm'));
  });

  for (const command of ['run', 'check', 'explain', 'status', 'echo']) {
    test(`of ${command} has examples and no colors`, async () => {
      const { code, stdout } = await run([command, '--help']);
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`^Examples:\\n(.*\\n)*.*sluice ${command}`, 'm'));
      assert.doesNotMatch(stdout, /\u001b/);
    });
  }
});

suite('wrong usage ends with 2 and says what to write instead', () => {
  const wrong: readonly { readonly args: readonly string[]; readonly says: RegExp }[] = [
    { args: ['rnu', 'examples'], says: /unknown command 'rnu'\n\(Did you mean run\?\)/ },
    {
      args: ['run', 'examples', '--drian', '3'],
      says: /unknown option '--drian'\n\(Did you mean --drain\?\)/,
    },
    { args: ['run'], says: /missing required argument 'path'/ },
    { args: ['run', 'nowhere'], says: /^sluice run: nowhere: no such file or folder$/m },
    { args: ['check', 'nowhere'], says: /^sluice check: nowhere: no such file or folder$/m },
    {
      args: ['run', 'examples', '--tls-dir', 'nowhere'],
      says: /^sluice run: nowhere: no such file or folder$/m,
    },
    {
      args: ['explain', 'examples', '-r', 'http://a/', '--tls-dir', 'nowhere'],
      says: /^sluice explain: nowhere: no such file or folder$/m,
    },
    { args: ['status', '--admin', 'off'], says: /an address and a port, such as 127\.0\.0\.1:15000/ },
    { args: ['echo', '--bind', ''], says: /an IP address, such as 127\.0\.0\.1/ },
    { args: ['run', 'examples', '--access-log', ''], says: /Write a path/ },
    {
      args: ['run', 'examples', '--access-log', 'OFF'],
      says: /Write off, stdout or a file; \.\/OFF for a file/,
    },
    { args: ['run', 'examples', '--access-log', 'none'], says: /Write off, stdout or a file/ },
    { args: ['echo', '--port', 'off'], says: /Write a port number from 0 to 65535/ },
    {
      args: [...CONTROLLER, 'nowhere'],
      says: /^sluice controller: nowhere: there is no such file; name a kubeconfig with --kubeconfig/m,
    },
    {
      args: [...CONTROLLER, 'package.json'],
      says: /^sluice controller: package\.json: no current-context; choose one/m,
    },
    { args: [...CONTROLLER, 'README.md'], says: /^sluice controller: README\.md: .+$/m },
    { args: ['explain', 'examples', '-r', 'tcp://a/'], says: /tcp:\/\/ needs a port/ },
    { args: ['run', 'examples', '--map', '80:8080'], says: /such as 80=8080/ },
    { args: ['run', 'examples', '--map', '80=99999'], says: /such as 80=8080/ },
    { args: ['run', 'examples', '--workers', '0'], says: /a number of processes from 1/ },
    { args: ['run', 'examples', '--bind', 'localhost'], says: /Write an IP address/ },
    {
      args: ['run', 'examples', '--admin', '15000'],
      says: /an address and a port, such as 127\.0\.0\.1:15000/,
    },
    { args: ['run', 'examples', '--drain', '-1'], says: /Write seconds/ },
    { args: ['run', 'examples', '--access-log-sample', '101'], says: /a percentage from 0 to 100/ },
    {
      args: ['run', 'examples', '--log-level', 'loud'],
      says: /Allowed choices are debug, info, warn, error/,
    },
    {
      args: ['run', 'examples', '--status', 'examples/s.yaml'],
      says: /is in examples, which Sluice reads as manifests/,
    },
    { args: ['check', 'examples', '--output', 'yaml'], says: /Allowed choices are text, json, sarif, junit/ },
    { args: ['check', 'examples', '--only', 'cel'], says: /Allowed choices are schema/ },
    { args: ['explain', 'examples'], says: /required option '-r, --request <request>' not specified/ },
    { args: ['explain', 'examples', '-r', '/cart'], says: /the URL needs a scheme and a host/ },
    { args: ['explain', 'examples', '-r', 'http://a/', '-H', 'x'], says: /header "x": write "name: value"/ },
  ];
  for (const { args, says } of wrong) {
    test(`sluice ${args.join(' ')}`, async () => {
      const { code, stdout, stderr } = await run(args);
      assert.match(stderr, says);
      assert.equal(code, 2);
      assert.equal(stdout, '');
    });
  }
});

const WRONG = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: web
spec:
  gatewayClassName: sluice
  listeners:
    - name: http
      protocol: HTTP
      port: 80000
`;

suite('version', () => {
  for (const args of [['version'], ['-v'], ['--version']]) {
    test(`sluice ${args.join(' ')}`, async () => {
      const { code, stdout } = await run(args);
      assert.equal(code, 0);
      assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    });
  }
});

suite('run', () => {
  test('of nothing, with nothing to wait for, ends with 2', async () => {
    const { code, stderr } = await run(['run', '-', '--admin', 'off', '--workers', '1']);
    assert.match(stderr, /sluice run: no Kubernetes object that Sluice reads was found in standard input/);
    assert.equal(code, 2);
  });

  test('of standard input does not promise to follow edits', async () => {
    const args = ['run', '-', '--admin', 'off', '--workers', '1', '--bind', '127.0.0.1', '--map', '80=0'];
    const child = spawn(process.execPath, [SLUICE, ...args], { cwd: REPOSITORY });
    child.stdin.end(WRONG.replace('80000', '80'));
    let stdout = '';
    for await (const chunk of child.stdout) {
      stdout += String(chunk);
      if (stdout.includes('ready in')) child.kill('SIGTERM');
    }
    assert.match(stdout, /serves standard input with 1 worker/);
    assert.match(stdout, /^Ctrl-C ends\.$/m);
    assert.doesNotMatch(stdout, /Edits are live/);
  });
});

test('cert prints the name of the Secret', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const { code, stdout } = await run(['cert', 'shop.test', '--out', folder, '--namespace', 'infra']);
  assert.equal(code, 0);
  assert.match(stdout, /^Secret .* named infra\/shop-test-tls, for certificateRefs$/m);
});

suite('check', () => {
  test('is clean for the quickstart', async () => {
    const { code, stdout } = await run(['check', 'examples/quickstart']);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /0 errors, 0 warnings/);
  });

  test('says where, what and what to write', async (t) => {
    const file = fileOf(t, WRONG);
    const { code, stdout } = await run(['check', file]);
    assert.equal(code, 1);
    assert.match(stdout, new RegExp(`^${file}:10:13 error .*spec\\.listeners\\[0\\]\\.port`, 'm'));
    assert.match(stdout, /65535/);
  });

  test('reads standard input', async () => {
    const { code, stdout } = await run(['check', '-'], WRONG);
    assert.equal(code, 1);
    assert.match(stdout, /:10:13/);
  });

  test('suggests the right kind for a misspelled one', async (t) => {
    const file = fileOf(t, WRONG.replace('kind: Gateway', 'kind: Gatewya').replace('80000', '80'));
    const { code, stdout } = await run(['check', file]);
    assert.equal(code, 1);
    assert.match(stdout, /Gatewya/);
    assert.match(stdout, /\bGateway\b/);
  });

  test('prints JSON, SARIF and JUnit for machines', async (t) => {
    const file = fileOf(t, WRONG);
    const json = JSON.parse((await run(['check', file, '-o', 'json'])).stdout) as {
      readonly findings: readonly {
        readonly location: { readonly line: number };
        readonly severity: string;
      }[];
    };
    const errors = json.findings.filter(({ severity }) => severity === 'error');
    assert.equal(errors[0]?.location.line, 10);
    const sarif = JSON.parse((await run(['check', file, '-o', 'sarif'])).stdout) as {
      readonly version: string;
      readonly runs: readonly { readonly results: readonly { readonly level: string }[] }[];
    };
    assert.equal(sarif.version, '2.1.0');
    assert.ok(sarif.runs[0]?.results.some(({ level }) => level === 'error'));
    const junit = await run(['check', file, '-o', 'junit']);
    assert.match(junit.stdout, /^<\?xml version="1\.0"/);
    assert.match(junit.stdout, /<failure message="/);
    assert.equal(junit.code, 1);
  });

  test('--only schema does not resolve references', async (t) => {
    const file = fileOf(t, WRONG.replace('80000', '80'));
    assert.equal((await run(['check', '--only', 'schema', file])).code, 0);
  });
});

suite('explain', () => {
  test('tells rule, backends and near misses', async () => {
    const { code, stdout } = await run([
      'explain',
      'examples/quickstart',
      '--echo',
      '--request',
      'GET http://shop.example/cart',
      '-H',
      'x-user-group: beta',
    ]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /beta-users/);
    assert.match(stdout, /storefront-v2/);
    assert.match(stdout, /path: expected prefix \/api, got \/cart/);
  });

  test('of a request that is refused ends with 1 and names the reason', async () => {
    const { code, stdout } = await run(['explain', 'examples/quickstart', '-r', 'http://other.example/']);
    assert.equal(code, 1);
    assert.match(stdout, /404 no_rule/);
  });

  test('prints JSON', async () => {
    const { stdout } = await run(['explain', 'examples/quickstart', '-r', 'http://localhost/', '-o', 'json']);
    const [explanation] = JSON.parse(stdout) as {
      readonly rule: { readonly name: string; readonly section: string };
      readonly backends: readonly { readonly problem: string }[];
    }[];
    assert.equal(explanation?.rule.section, 'storefront');
    assert.match(explanation.backends[0]?.problem ?? '', /^503 no_endpoints/);
  });
});

test('NO_COLOR and pipes: no escape sequence in any output', async (t) => {
  const file = fileOf(t, WRONG);
  const { stdout, stderr } = await run(['check', file]);
  assert.doesNotMatch(stdout + stderr, /\u001b/);
});
