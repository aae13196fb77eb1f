import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import type { Kind } from '../../src/gatewayapi/kind.ts';
import { SCHEMAS } from '../../src/gatewayapi/kind-registry.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { compactSchema, compactSchemas } from './compact-schema.ts';
import { readCrd, type JsonSchema } from './crd.ts';
import { ownKind, renderOwnKinds, type OwnCrd } from './own-kinds.ts';
import { renderTypes } from './render-types.ts';

const schema: JsonSchema = {
  type: 'object',
  description: 'A widget.',
  required: ['spec'],
  properties: {
    apiVersion: { type: 'string' },
    kind: { type: 'string' },
    metadata: { type: 'object' },
    spec: {
      type: 'object',
      required: ['addresses'],
      properties: {
        addresses: {
          type: 'array',
          maxItems: 3,
          items: {
            type: 'object',
            properties: { type: { type: 'string', enum: ['A', 'B'], description: 'D.' } },
          },
        },
        description: { type: 'string', nullable: true, default: 'none' },
        limits: { type: 'object', additionalProperties: { 'x-kubernetes-int-or-string': true } },
        probe: { type: 'object' },
      },
      'x-kubernetes-validations': [{ rule: 'true', message: 'm' }],
    },
    status: {
      type: 'object',
      required: ['phase'],
      properties: { phase: { type: 'string', enum: ['Up'], maxLength: 2 } },
    },
  },
};

const document = {
  kind: 'CustomResourceDefinition',
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      { name: 'v1', served: true, storage: false, schema: { openAPIV3Schema: schema } },
      { name: 'v1beta1', served: true, storage: true, schema: { openAPIV3Schema: schema } },
      { name: 'v1alpha1', served: false, storage: false, schema: { openAPIV3Schema: {} } },
    ],
  },
};

const WIDGET: Kind = {
  kind: 'Widget',
  group: 'example.com',
  plural: 'widgets',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
  definedBy: 'sluice',
  read: 'watched',
  followReferences: false,
  status: null,
};

suite('generated types and schemas', () => {
  test('the versions are those of the table of kinds, in its order; other kinds are left out', () => {
    assert.deepEqual(
      readCrd(document, [WIDGET])?.versions.map(({ name }) => name),
      ['v1', 'v1beta1'],
    );
    assert.equal(readCrd(document, []), null);
    assert.equal(readCrd(document, [{ ...WIDGET, group: 'example.net' }]), null);
    assert.equal(readCrd({ kind: 'Service', spec: {} }, [WIDGET]), null);
  });

  const contradictions: Readonly<Record<string, [Partial<Kind>, RegExp]>> = {
    'another plural': [{ plural: 'widget' }, /plural or scope of Widget/],
    'another scope': [{ namespaced: false }, /plural or scope of Widget/],
    'a version that is not served': [{ versions: ['v1', 'v1beta1', 'v1alpha1'] }, /serves v1, v1beta1/],
    'not all served versions': [{ versions: ['v1'] }, /serves v1, v1beta1/],
  };
  for (const [what, [row, message]] of Object.entries(contradictions)) {
    test(`a table of kinds with ${what} is refused`, () => {
      assert.throws(() => readCrd(document, [{ ...WIDGET, ...row }]), message);
    });
  }

  test('schemas.json has what the CRDs of Sluice say (npm run generate)', () => {
    const folder = new URL('../../src/gatewayapi/crds/', import.meta.url);
    const documents: readonly unknown[] = readdirSync(folder).map(
      (file) => parse(readFileSync(new URL(file, folder), 'utf8')) as unknown,
    );
    const crds = documents.flatMap((crd) => readCrd(crd, Object.values(KINDS)) ?? []);
    assert.equal(crds.length, documents.length, 'every CRD is of a kind in the table');
    for (const [kind, schemas] of Object.entries(compactSchemas(crds))) {
      assert.deepEqual(SCHEMAS[kind], schemas, kind);
    }
  });

  test('own-kinds.ts has what the CRDs of Sluice say (npm run generate)', () => {
    const folder = new URL('../../src/gatewayapi/crds/', import.meta.url);
    const documents = readdirSync(folder).map(
      (file) => parse(readFileSync(new URL(file, folder), 'utf8')) as OwnCrd,
    );
    const written = new URL('../../src/gatewayapi/generated/own-kinds.ts', import.meta.url);
    assert.equal(renderOwnKinds(documents), readFileSync(written, 'utf8'));
  });

  test('the row of a kind has its list, and what its status and its references say', () => {
    const own = (kind: string, plural: string, properties: JsonSchema['properties'] = {}): unknown => {
      const openAPIV3Schema = { properties };
      const row = ownKind({ spec: { names: { kind, plural }, versions: [{ schema: { openAPIV3Schema } }] } });
      return Object.entries(row).map(([list, { status, followReferences }]) => [
        list,
        status,
        followReferences,
      ]);
    };
    const object = (name: string, child: JsonSchema): JsonSchema => ({ properties: { [name]: child } });
    assert.deepEqual(own('TeaPolicy', 'teapolicies'), [['teaPolicies', null, false]]);
    assert.deepEqual(own('RewriteFilter', 'rewritefilters'), [['rewriteFilters', null, false]]);
    assert.deepEqual(own('Tea', 'teas', { status: object('ancestors', {}) }), [['teas', 'policy', false]]);
    assert.deepEqual(own('Tea', 'teas', { status: object('conditions', {}) }), [
      ['teas', 'conditions', false],
    ]);
    for (const [field, schema] of [
      ['secretRef', {}],
      ['crl', { items: object('kind', { enum: ['ConfigMap'] }) }],
    ] as const) {
      const spec = object('list', { items: object(field, schema) });
      assert.deepEqual(own('Tea', 'teas', { spec }), [['teas', null, true]], field);
    }
  });

  test('types are named by their path, elements of lists in the singular', () => {
    const crd = readCrd(document, [WIDGET]);
    assert.ok(crd !== null);
    const text = renderTypes([crd], 'the test');
    assert.match(text, /export interface WidgetAddress \{\n {2}readonly type\?: 'A' \| 'B';\n\}/);
    assert.match(text, /readonly addresses: readonly WidgetAddress\[\];/);
    assert.match(text, /readonly description\?: string \| null;/);
    assert.match(text, /readonly limits\?: Readonly<Record<string, number \| string>>;/);
    assert.match(text, /readonly probe\?: Readonly<Record<string, unknown>>;/);
    assert.match(text, /export interface Widget \{[^}]*readonly spec: WidgetSpec;/);
  });

  test('schemas lose their descriptions, but no field of that name; a status keeps its names only', () => {
    const { spec, status } = compactSchema(schema).properties ?? {};
    assert.equal(JSON.stringify(spec).includes('D.'), false);
    assert.deepEqual(spec?.properties?.['description'], { type: 'string', nullable: true, default: 'none' });
    assert.notEqual(spec['x-kubernetes-validations'], undefined);
    assert.deepEqual(status, { type: 'object', properties: { phase: { type: 'string' } } });
  });
});
