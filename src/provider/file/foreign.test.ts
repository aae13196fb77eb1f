/** Folders as people have them: manifests beside values files, templates, kustomizations and the rest of a repository. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stateFromText } from './load.ts';
import { ResourceStore } from './store.ts';

const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  hostnames: [shop.example]
`;

const found = (text: string, file = 'f.yaml'): string[] =>
  stateFromText(text, file).findings.map(
    ({ code, location }) => `${code}${location === null ? '' : `:${String(location.line)}`}`,
  );

suite('files that hold no manifest', () => {
  const files: Readonly<Record<string, string>> = {
    'values of a chart': 'replicaCount: 1\nimage: {repository: a}\nservice:\n  kind: x\n',
    'a compose file': 'services:\n  web:\n    image: nginx\n    ports: ["80:80"]\n',
    'a playbook': '- hosts: all\n  tasks:\n  - name: a\n    debug: {msg: hi}\n',
    'a playbook with templates that do not parse': '- hosts: all\n  tasks:\n  - name: {{ item }}: x\n',
    'settings in JSON': '{"extends": ["config:base"], "packageRules": []}',
    'a list of texts': '- a\n- b\n',
    'a text': 'hello\n',
  };
  for (const [name, text] of Object.entries(files)) {
    test(`${name}: one note`, () => {
      assert.deepEqual(found(text), ['not-kubernetes:1']);
    });
  }

  test('a document that is no object, among manifests, is an error', () => {
    assert.deepEqual(found(`${ROUTE}---\nhello\n`), ['not-an-object:7']);
  });

  test('an object that lacks its apiVersion is an error', () => {
    assert.deepEqual(found('kind: HTTPRoute\nmetadata: {name: a}\n'), ['missing-field:1']);
    assert.deepEqual(found('spec:\n  hostnames: [a.example]\n'), ['missing-field:1', 'missing-field:1']);
  });

  test('an empty file, and one with comments only, has nothing to report', () => {
    assert.deepEqual(found(''), []);
    assert.deepEqual(found('# later\n---\n# more\n'), []);
  });
});

suite('templates', () => {
  test('actions on lines of their own: one warning, however many lines do not parse', () => {
    const text = `{{- if .Values.enabled }}\n${ROUTE}  rules:\n  {{- range .Values.rules }}\n  - {{ toYaml . | nindent 4 }}\n  {{- end }}\n{{- end }}\n`;
    assert.deepEqual(found(text), ['template:1']);
  });

  test('values that parse as maps', () => {
    assert.deepEqual(found(ROUTE.replace('shop.example', '{{ .Values.host }}')), ['template:5']);
    assert.deepEqual(found(ROUTE.replace('shop}', '{{ .Release.Name }}}')), ['template:3']);
  });

  test('quoted actions in a name', () => {
    assert.deepEqual(found(ROUTE.replace('shop.example', '"{{ .Values.host }}"')), ['template:5']);
  });

  test('text with actions is legal where any text is', () => {
    const map =
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  t: |\n    {{ range .Alerts }}x{{ end }}\n';
    assert.deepEqual(found(map), []);
  });

  test('a file that turns into a template keeps what it held', () => {
    const store = new ResourceStore();
    store.setFile('f.yaml', ROUTE);
    store.state();
    store.setFile('f.yaml', `{{ if x }}\n${ROUTE}{{ end }}\n`);
    assert.equal(store.state().snapshot.httpRoutes.length, 1);
  });
});

suite('kustomizations', () => {
  test('one that changes objects says so, with what it sets and what to run', () => {
    const { findings } = stateFromText(
      'kind: Kustomization\napiVersion: kustomize.config.k8s.io/v1beta1\nnamespace: media\nresources: [a.yaml]\npatches: [{path: p.yaml}]\n',
      'apps/kustomization.yaml',
    );
    assert.equal(findings[0]?.code, 'kustomization-not-applied');
    assert.match(findings[0].message, /sets namespace: media, patches$/);
    assert.equal(findings[0].hint, 'kustomize build apps/ | sluice check -');
  });

  test('one that only lists resources has nothing to report', () => {
    assert.deepEqual(found('resources: [a.yaml]\n', 'kustomization.yaml'), []);
  });

  test('a file named kustomization.yaml needs no apiVersion', () => {
    assert.deepEqual(found('namePrefix: a-\n', 'x/kustomization.yml'), ['kustomization-not-applied:1']);
  });

  test('one of Flux is an object of another kind', () => {
    const flux = 'apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a}\n';
    assert.deepEqual(found(flux), ['unknown-kind:2']);
  });
});

suite('what belongs to a kustomization', () => {
  test('its patches and the contents of its maps are no objects', () => {
    const store = new ResourceStore();
    store.setFile(
      'a/kustomization.yaml',
      'resources: [route.yaml]\npatches: [{path: patch.yaml}]\nconfigMapGenerator: [{name: c, files: [x.yaml=files/settings.yaml]}]\n',
    );
    store.setFile('a/route.yaml', ROUTE);
    store.setFile('a/patch.yaml', ROUTE.replace('shop.example', '*.*'));
    store.setFile('a/files/settings.yaml', 'kind: nothing\n');
    const { findings, snapshot } = store.state();
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['kustomization-not-applied'],
    );
    assert.equal(snapshot.httpRoutes.length, 1);
  });
});

suite('objects encrypted with SOPS', () => {
  test('are a note, and taken to exist', () => {
    const secret =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: tls}\nstringData: {tls.crt: "ENC[AES256_GCM,data:x]"}\nsops: {mac: "ENC[x]"}\n';
    const loaded = stateFromText(secret, 'f.yaml');
    assert.deepEqual(
      loaded.findings.map(({ code }) => code),
      ['encrypted'],
    );
    assert.equal(loaded.isExpected({ group: '', kind: 'Secret', namespace: 'default', name: 'tls' }), true);
  });
});

suite('placeholders', () => {
  test('are read as names, the same everywhere, with one note a file', () => {
    const gateway = ROUTE.replace('shop.example', '"shop.${SECRET_DOMAIN}"').replace('shop}', '"${APP}"}');
    const { snapshot, findings } = stateFromText(
      `${gateway}---\n${gateway.replace('${APP}', 'b')}`,
      'f.yaml',
    );
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['placeholder'],
    );
    assert.match(findings[0]?.message ?? '', /\$\{APP\}.*\$\{SECRET_DOMAIN\}|\$\{SECRET_DOMAIN\}.*\$\{APP\}/);
    assert.deepEqual(
      snapshot.httpRoutes.map(({ metadata, spec }) => [metadata.name, spec.hostnames]),
      [
        ['app', ['shop.secret-domain']],
        ['b', ['shop.secret-domain']],
      ],
    );
  });

  const written: Readonly<Record<string, readonly [string, string]>> = {
    'of Flux, with a default': ['${DOMAIN:=home.example}', 'home.example'],
    'of envsubst': ['$NAMESPACE', 'namespace'],
    'of Argo CD': ['<secret:team/app~host>', 'secret-team-app-host'],
  };
  for (const [name, [text, expected]] of Object.entries(written)) {
    test(name, () => {
      const { snapshot } = stateFromText(ROUTE.replace('shop.example', `"${text}"`), 'f.yaml');
      assert.deepEqual(snapshot.httpRoutes[0]?.spec.hostnames, [expected]);
    });
  }

  test('stay where the text is valid with them', () => {
    const { snapshot, findings } = stateFromText(
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {a: "${X}"}\n',
      'f.yaml',
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(snapshot.configMaps[0]?.data, { a: '${X}' });
  });

  test('where a number must be, the object is not read, and assumed to exist', () => {
    const service =
      'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: "${PORT}"}]}\n';
    const loaded = stateFromText(service, 'f.yaml');
    assert.deepEqual(
      loaded.findings.map(({ code }) => code),
      ['placeholder-not-read'],
    );
    assert.equal(loaded.isExpected({ group: '', kind: 'Service', namespace: 'default', name: 'a' }), true);
  });

  test('another fault of the same object is reported beside them', () => {
    const text = `${ROUTE.replace('shop.example', '"${X}"')}  rulez: []\n`;
    assert.deepEqual(found(text), ['placeholder:1', 'unknown-field:6']);
  });
});

suite('objects joined without a separator', () => {
  test('are one error, which says what is missing', () => {
    const { findings } = stateFromText(ROUTE + ROUTE.replace('shop}', 'two}'), 'f.yaml');
    assert.deepEqual(
      findings.map(({ code, location, hint }) => [code, location?.line, hint]),
      [['repeated-key', 6, 'put a line "---" between the two']],
    );
  });
});

suite('Secrets that a cluster makes', () => {
  const producers: Readonly<Record<string, string>> = {
    'a sealed one':
      'apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: tls, namespace: a}\n',
    'an external one':
      'apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret\nmetadata: {name: x, namespace: a}\nspec: {target: {name: tls}}\n',
    'a certificate':
      'apiVersion: cert-manager.io/v1\nkind: Certificate\nmetadata: {name: x, namespace: a}\nspec: {secretName: tls}\n',
  };
  for (const [name, text] of Object.entries(producers)) {
    test(name, () => {
      const loaded = stateFromText(text, 'f.yaml');
      assert.equal(loaded.isExpected({ group: '', kind: 'Secret', namespace: 'a', name: 'tls' }), true);
      assert.equal(loaded.isExpected({ group: '', kind: 'Secret', namespace: 'a', name: 'other' }), false);
    });
  }
});
