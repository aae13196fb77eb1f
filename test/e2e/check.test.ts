/** `sluice check` on the folders and pipes that people point it at. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { REPOSITORY, SLUICE } from '../support/sluice-process.ts';

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function check(args: readonly string[], input = ''): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [SLUICE, 'check', ...args], {
    cwd: REPOSITORY,
    input,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-check-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const CLASS = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: sluice}
spec: {controllerName: sluice.dev/gateway-controller}
`;
const GATEWAY = `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: infra}
spec:
  gatewayClassName: sluice
  listeners:
  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
`;
const HTTPS = `${GATEWAY}  - name: https
    port: 443
    protocol: HTTPS
    tls: {certificateRefs: [{name: shop}]}
`;
const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: app}
spec:
  parentRefs: [{name: gw, namespace: infra}]
  rules: [{backendRefs: [{name: shop, port: 80}]}]
`;
const DEPLOYMENT = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: NAME}\n';

suite('nothing to check is not a clean check', () => {
  test('an empty pipe', () => {
    const { code, stderr } = check(['-']);
    assert.equal(code, 2);
    assert.match(stderr, /no Kubernetes object that Sluice reads was found in standard input$/m);
  });

  test('a folder of other files', (t) => {
    const { code, stdout } = check([folderOf(t, { 'compose.yaml': 'services: {web: {image: a}}\n' })]);
    assert.equal(code, 2);
    assert.match(stdout, /^not read: 1 file without Kubernetes objects$/m);
  });
});

suite('a folder that holds more than manifests', () => {
  const files = {
    'gateway.yaml': `${CLASS}---\n${GATEWAY}`,
    'apps/a.yaml': DEPLOYMENT.replace('NAME', 'a'),
    'apps/b.yaml': DEPLOYMENT.replace('NAME', 'b'),
    'apps/ingress.yaml': 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: old}\n',
    'renovate.json': '{"extends": ["config:base"]}',
  };

  test('is summed up in one line', (t) => {
    const { code, stdout } = check([folderOf(t, files)]);
    assert.equal(code, 0, stdout);
    assert.match(
      stdout,
      /^not read: 2 Deployments, 1 Ingress; 1 file without Kubernetes objects; ingress2gateway turns an Ingress into routes$/m,
    );
    assert.match(stdout, /^2 objects: 0 errors, 0 warnings, 0 notes$/m);
  });

  test('--strict refuses it, with places', (t) => {
    const { code, stdout } = check(['--strict', folderOf(t, files)]);
    assert.equal(code, 1);
    assert.match(stdout, /renovate\.json:1:1 error \[not-kubernetes\]/);
    assert.match(stdout, /a\.yaml:2:7 error \[unknown-kind\] Deployment default\/a/);
  });

  test('errors come before notes', (t) => {
    const note =
      'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: ExternalName, externalName: a.test}\n';
    const folder = folderOf(t, { 'a.yaml': `${CLASS}---\n${HTTPS}---\n${note}`, 'z.yaml': ROUTE });
    const severities = check([folder]).stdout.match(/(?<=:\d+:\d+ )(error|warning|info)/g) ?? [];
    assert.ok(severities.length >= 2);
    assert.deepEqual(severities, severities.toSorted());
  });
});

suite('one app without the rest', () => {
  test('what it refers to is missing, and an error', (t) => {
    const { code, stdout } = check([folderOf(t, { 'app.yaml': ROUTE })]);
    assert.equal(code, 1);
    assert.match(stdout, /error \[parent-not-found\]/);
  });

  test('--assume-existing makes it a note', (t) => {
    const { code, stdout } = check(['--assume-existing', folderOf(t, { 'app.yaml': ROUTE })]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /info \[parent-not-found\]/);
    assert.match(stdout, /assumed to exist: it is not in these files/);
  });

  test('--assume-existing still finds what is wrong in the files', (t) => {
    const wrong = ROUTE.replace('port: 80', 'port: 0');
    assert.equal(check(['--assume-existing', folderOf(t, { 'app.yaml': wrong })]).code, 1);
  });

  test('--ignore leaves out findings of a code', (t) => {
    const folder = folderOf(t, { 'app.yaml': ROUTE });
    const { code, stdout } = check(['--ignore', 'parent-not-found', '--ignore', 'backend-not-found', folder]);
    assert.equal(code, 0, stdout);
  });
});

suite('certificates', () => {
  const service =
    'apiVersion: v1\nkind: Service\nmetadata: {name: shop, namespace: app}\nspec: {ports: [{port: 80}]}\n';

  test('--tls-dir brings them, as for run', (t) => {
    const folder = folderOf(t, { 'gw.yaml': `${CLASS}---\n${HTTPS}---\n${ROUTE}---\n${service}` });
    const certificates = join(folder, 'certs');
    const made = spawnSync(process.execPath, [SLUICE, 'cert', 'shop', '--out', join(certificates, 'infra')], {
      encoding: 'utf8',
    });
    assert.equal(made.status, 0, made.stderr);
    assert.match(check([join(folder, 'gw.yaml')]).stdout, /certificate-not-found/);
    assert.equal(check(['--tls-dir', certificates, join(folder, 'gw.yaml')]).code, 0);
  });

  test('--tls-dir that is not there is wrong usage', (t) => {
    const { code, stderr } = check(['--tls-dir', 'nope', folderOf(t, { 'gw.yaml': GATEWAY })]);
    assert.equal(code, 2);
    assert.match(stderr, /nope: no such file or folder/);
  });

  test('a Secret that a controller makes is a note', (t) => {
    const sealed =
      'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: shop, namespace: infra}\n';
    const { code, stdout } = check([folderOf(t, { 'gw.yaml': `${CLASS}---\n${HTTPS}---\n${sealed}` })]);
    assert.equal(code, 0, stdout);
    assert.match(stdout, /info \[certificate-not-found\]/);
  });
});

suite('what to write instead of a reference that leads nowhere', () => {
  const hints: Readonly<Record<string, readonly [string, RegExp]>> = {
    'the namespace of the parent': [
      `${CLASS}---\n${GATEWAY}---\n${ROUTE.replace(', namespace: infra}]', '}]')}`,
      /Gateway infra\/gw exists: write "namespace: infra"/,
    ],
    'a name that is nearly the same': [
      `${CLASS}---\n${GATEWAY}---\n${ROUTE}---\napiVersion: v1\nkind: Service\nmetadata: {name: shopp, namespace: app}\nspec: {ports: [{port: 80}]}\n`,
      /did you mean "shopp"\?/,
    ],
    'a Secret of another namespace': [
      `${CLASS}---\n${HTTPS}---\napiVersion: v1\nkind: Secret\nmetadata: {name: shop}\n`,
      /Secret default\/shop exists: move it to namespace infra/,
    ],
    'a grant in the wrong namespace': [
      `${CLASS}---\n${GATEWAY}---\n${ROUTE.replace('{name: shop, port: 80}', '{name: shop, namespace: data, port: 80}')}---\napiVersion: gateway.networking.k8s.io/v1\nkind: ReferenceGrant\nmetadata: {name: g, namespace: app}\nspec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: app}], to: [{group: "", kind: Service}]}\n`,
      /ReferenceGrant app\/g grants this, but must be in namespace data/,
    ],
    'the core group': [
      `${CLASS}---\n${GATEWAY}---\n${ROUTE.replace('{name: shop, port', '{group: core, kind: Service, name: shop, port')}`,
      /group: "" for the core group/,
    ],
  };
  for (const [name, [text, expected]] of Object.entries(hints)) {
    test(name, (t) => {
      const { code, stdout } = check([folderOf(t, { 'a.yaml': text })]);
      assert.equal(code, 1);
      assert.match(stdout, expected);
    });
  }
});

test('Gateways of other controllers only: a warning that names the option', (t) => {
  const text = `${CLASS.replace('sluice.dev', 'envoy.example')}---\n${GATEWAY}`;
  const { code, stdout } = check([folderOf(t, { 'a.yaml': text })]);
  assert.equal(code, 1);
  assert.match(stdout, /warning \[no-gateway-served\]/);
  assert.match(stdout, /no Gateway is served: .*\n.*--all-classes/);
  assert.equal(stdout.match(/warning \[/g)?.length, 1, 'said once');
});

test('text of objects and files begins no line and moves no cursor, in any format', (t) => {
  const hostile = '\\r\\n::error::forged\\e[2J\\x9b2J\\u202e';
  const folder = folderOf(t, {
    'a\n::error::forged.yaml': CLASS + '---\n' + GATEWAY,
    'b.yaml': `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: "n${hostile}", namespace: app}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop, namespace: infra}
spec:
  parentRefs: [{name: gw}]
  rules:
    - matches: [{path: {value: "/x${hostile}"}}]
      filters:
        - type: RequestRedirect
          requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: "/x${hostile}"}}
---
apiVersion: "v1${hostile}"
kind: "Kind${hostile}"
metadata: {name: a}
`,
  });
  for (const format of ['text', 'json', 'sarif', 'junit']) {
    const { stdout, stderr } = check([folder, '-o', format]);
    assert.match(stdout, /forged/, format);
    assert.doesNotMatch(
      stdout + stderr,
      /^::|[^\n\t\u0020-\u007e\u00a0-\u2027\u2030-\u{10ffff}]|[\u202a-\u202e]/mu,
      format,
    );
  }
});
