import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { readCertificate, validateCaBundle } from '../../provider/certificate-reader.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const folders: string[] = [];
after(async () => {
  for (const folder of folders) await rm(folder, { recursive: true });
});

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), 'sluice-cert-'));
  folders.push(made);
  return made;
}

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real program. */
async function cert(...flags: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, 'cert', ...flags], (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

test('makes an authority, a certificate, its key and a Secret that the translator can read', async () => {
  const out = await folder();
  const { code, stdout } = await cert('Shop.Example', '*.shop.example', '127.0.0.1', '--out', out);
  assert.equal(code, 0);
  assert.match(stdout, /certificate .*shop\.example\.crt/);
  assert.match(stdout, /CA .*ca\.crt \(new\)/);
  assert.match(stdout, /curl --cacert/);
  assert.deepEqual((await readdir(out)).sort(), [
    'ca.configmap.yaml',
    'ca.crt',
    'ca.key',
    'shop.example.crt',
    'shop.example.key',
    'shop.example.secret.yaml',
  ]);
  const secret = parse(await readFile(join(out, 'shop.example.secret.yaml'), 'utf8')) as {
    readonly kind: string;
    readonly type: string;
    readonly metadata: object;
    readonly data: Readonly<Record<string, string>>;
  };
  assert.equal(secret.kind, 'Secret');
  assert.equal(secret.type, 'kubernetes.io/tls');
  assert.deepEqual(secret.metadata, { name: 'shop-example-tls', namespace: 'default' });
  const decode = (key: string): string => Buffer.from(secret.data[key] ?? '', 'base64').toString();
  const reading = readCertificate(decode('tls.crt'), decode('tls.key'));
  assert.ok(reading.ok);
  assert.deepEqual(reading.names, ['shop.example', '*.shop.example']);
  assert.ok(Math.abs(reading.notAfterMs - Date.now() - 365 * 86_400_000) < 60_000);
  const configMap = parse(await readFile(join(out, 'ca.configmap.yaml'), 'utf8')) as {
    readonly data: Readonly<Record<string, string>>;
  };
  assert.equal(validateCaBundle(configMap.data['ca.crt'] ?? ''), null);
});

test('keys can be read by their owner only', async () => {
  const out = await folder();
  await cert('a.example', '--out', out);
  for (const [file, mode] of [
    ['ca.key', 0o600],
    ['a.example.key', 0o600],
    ['a.example.secret.yaml', 0o600],
    ['a.example.crt', 0o644],
  ] as const) {
    assert.equal((await stat(join(out, file))).mode & 0o777, mode, file);
  }
});

test('the authority is made once: what was trusted stays trusted', async () => {
  const out = await folder();
  await cert('a.example', '--out', out);
  const authority = await readFile(join(out, 'ca.crt'), 'utf8');
  const { stdout } = await cert('b.example', '--out', out, '--key', 'rsa', '--days', '30');
  assert.doesNotMatch(stdout, /\(new\)/);
  assert.equal(await readFile(join(out, 'ca.crt'), 'utf8'), authority);
  const issuer = new X509Certificate(authority);
  for (const name of ['a.example', 'b.example']) {
    const leaf = new X509Certificate(await readFile(join(out, `${name}.crt`), 'utf8'));
    assert.ok(leaf.verify(issuer.publicKey), name);
  }
});

test('files that are there are replaced only when asked', async () => {
  const out = await folder();
  await cert('a.example', '--out', out);
  const first = await readFile(join(out, 'a.example.crt'), 'utf8');
  const refused = await cert('a.example', '--out', out);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /a\.example\.crt already exists; add --force/);
  assert.equal(await readFile(join(out, 'a.example.crt'), 'utf8'), first);
  assert.equal((await cert('a.example', '--out', out, '--force')).code, 0);
  assert.notEqual(await readFile(join(out, 'a.example.crt'), 'utf8'), first);
});

test('client certificates, wildcard and address names, names of the Secret', async () => {
  const out = await folder();
  const client = await cert('--client', 'alice', '--out', out, '--secret', 'alice', '-n', 'team');
  assert.match(client.stdout, /curl --cert .*alice\.crt --key/);
  const alice = new X509Certificate(await readFile(join(out, 'alice.crt'), 'utf8'));
  assert.deepEqual(alice.keyUsage, ['1.3.6.1.5.5.7.3.2']);
  assert.match(await readFile(join(out, 'alice.secret.yaml'), 'utf8'), /name: alice\n {2}namespace: team/);
  await cert('*.a.example', '--out', out);
  await cert('::1', '--out', out);
  const files = await readdir(out);
  assert.ok(files.includes('wildcard.a.example.crt') && files.includes('__1.crt'), files.join());
});

test('mistakes are named, with exit code 2', async () => {
  const out = await folder();
  for (const [flags, message] of [
    [['--out', out], /missing required argument 'names'/],
    [['a b', '--out', out], /Write a DNS name/],
    [['a.example', '--days', '1000', '--out', out], /Write a number of days from 1 to 825/],
    [['a.example', '--key', 'dsa', '--out', out], /Allowed choices are ecdsa, rsa/],
    [['a.example', '--secret', 'A_b', '--out', out], /object name/],
    [['a.example', '--out', '/dev/null/certs'], /ENOTDIR/],
  ] as const) {
    const { code, stderr } = await cert(...flags);
    assert.equal(code, 2, flags.join(' '));
    assert.match(stderr, message);
  }
  await writeFile(join(out, 'ca.crt'), 'half');
  assert.match((await cert('a.example', '--out', out)).stderr, /ca\.key does not; restore it/);
  await writeFile(join(out, 'ca.key'), 'half');
  assert.match((await cert('a.example', '--out', out)).stderr, /cannot be used/);
});
