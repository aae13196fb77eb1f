import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import type { Secret } from '../../gatewayapi/core-kinds.ts';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { mint } from '../../../test/support/certificates.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { assembleSnapshot } from './assemble.ts';
import { withTlsFolder } from './tls-folder.ts';

/** A provider of these Secrets, around which the folder is. */
function providerOf(secrets: readonly Secret[]): Provider {
  return {
    start({ onFindings, onSnapshot }) {
      onFindings([]);
      onSnapshot({ ...assembleSnapshot([]), secrets });
      return Promise.resolve();
    },
    writeStatus: () => undefined,
    close: () => Promise.resolve(),
  };
}

const secret = (name: string, certificate: string): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'default', name },
  data: { 'tls.crt': Buffer.from(certificate).toString('base64'), 'tls.key': '' },
});

/** A folder of files, and what the provider around it says; `until` resolves at the first state that is as wanted. */
async function openFolder(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  { below = [], watch = false }: { readonly below?: readonly Secret[]; readonly watch?: boolean } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  for (const [name, text] of Object.entries(files)) write(name, text);
  let secrets: readonly Secret[] = [];
  let findings: readonly InputFinding[] = [];
  let onChange: () => void = () => undefined;
  const listener: ProviderListener = {
    onFindings(next) {
      findings = next;
      onChange();
    },
    onSnapshot(next) {
      ({ secrets } = next);
      onChange();
    },
  };
  const provider = withTlsFolder(providerOf(below), { folder, watch, logger: SILENT_LOGGER });
  t.after(async () => {
    await provider.close();
    rmSync(folder, { recursive: true, force: true });
  });
  await provider.start(listener);
  const names = (): string[] =>
    secrets.map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`).toSorted();
  const certificateOf = (name: string): string => {
    const found = secrets.find(({ metadata }) => metadata.name === name);
    return Buffer.from(found?.data?.['tls.crt'] ?? '', 'base64').toString();
  };
  const until = (isWanted: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      onChange = () => {
        if (isWanted()) resolve();
      };
      onChange();
    });
  return {
    folder,
    write,
    names,
    certificateOf,
    until,
    messages: () => findings.map(({ message }) => message),
  };
}

suite('certificates in a folder', () => {
  test('pairs beside each other, mounted Secrets, what ACME clients leave, and namespaces', async (t) => {
    const { certificatePem: crt, keyPem: key } = await mint(['a.example']);
    const opened = await openFolder(t, {
      'plain.crt': crt,
      'plain.key': key,
      'mounted/tls.crt': crt,
      'mounted/tls.key': key,
      'acme.example/fullchain.pem': crt,
      'acme.example/privkey.pem': key,
      'shop/web.crt': crt,
      'shop/web.key': key,
      'ca.crt': crt,
      '..data/hidden.crt': crt,
      'notes.txt': 'nothing',
    });
    assert.deepEqual(opened.names(), [
      'default/acme.example',
      'default/mounted',
      'default/plain',
      'shop/web',
    ]);
    assert.equal(opened.certificateOf('web'), crt);
    assert.deepEqual(opened.messages(), []);
  });

  test('a certificate without a key, and one with the key of another, are reported', async (t) => {
    const [one, two] = await Promise.all([mint(['a.example']), mint(['b.example'])]);
    const opened = await openFolder(t, {
      'lonely.crt': one.certificatePem,
      'mixed.crt': one.certificatePem,
      'mixed.key': two.keyPem,
    });
    assert.deepEqual(opened.names(), []);
    const [lonely = '', mixed = ''] = opened.messages().toSorted();
    assert.match(lonely, /lonely\.crt has no key beside it/);
    assert.match(mixed, /mixed\.crt and its key cannot be used: the key does not belong/);
  });

  test('a Secret of the manifests comes before one of the folder', async (t) => {
    const { certificatePem, keyPem } = await mint(['a.example']);
    const files = { 'web.crt': certificatePem, 'web.key': keyPem };
    const opened = await openFolder(t, files, { below: [secret('web', 'of the manifests')] });
    assert.deepEqual(opened.names(), ['default/web']);
    assert.equal(opened.certificateOf('web'), 'of the manifests');
  });

  test('while one file of a pair is replaced the old pair stays, and then the new one counts', async (t) => {
    const [before, after] = await Promise.all([mint(['a.example']), mint(['a.example'])]);
    const files = { 'web.crt': before.certificatePem, 'web.key': before.keyPem };
    const opened = await openFolder(t, files, { watch: true });
    opened.write('web.crt', after.certificatePem);
    await opened.until(() => opened.messages().some((message) => message.includes('does not belong')));
    assert.equal(opened.certificateOf('web'), before.certificatePem);
    opened.write('web.key', after.keyPem);
    await opened.until(() => opened.certificateOf('web') === after.certificatePem);
    assert.deepEqual(opened.messages(), []);
  });

  test('a pair that comes is served, and one that is removed is gone', async (t) => {
    const { certificatePem, keyPem } = await mint(['a.example']);
    const opened = await openFolder(t, {}, { watch: true });
    opened.write('new/tls.crt', certificatePem);
    opened.write('new/tls.key', keyPem);
    await opened.until(() => opened.names().includes('default/new'));
    unlinkSync(join(opened.folder, 'new', 'tls.crt'));
    unlinkSync(join(opened.folder, 'new', 'tls.key'));
    await opened.until(() => opened.names().length === 0);
  });

  for (const [taken, left] of [
    ['web.key', 'web.crt'],
    ['web.crt', 'web.key'],
  ] as const) {
    test(`a pair of which ${taken} is taken away is still served, until ${left} is removed too`, async (t) => {
      const { certificatePem, keyPem } = await mint(['a.example']);
      const files = { 'web.crt': certificatePem, 'web.key': keyPem };
      const opened = await openFolder(t, files, { watch: true });
      unlinkSync(join(opened.folder, taken));
      opened.write('other.crt', certificatePem);
      opened.write('other.key', keyPem);
      await opened.until(() => opened.names().includes('default/other'));
      assert.deepEqual(opened.names().toSorted(), ['default/other', 'default/web']);
      unlinkSync(join(opened.folder, left));
      await opened.until(() => !opened.names().includes('default/web'));
    });
  }
});
