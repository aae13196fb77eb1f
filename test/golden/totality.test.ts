/**
 * Nothing that a user can write, or an API server can hold, makes the translator, the explanation or the codec throw: each kind in each
 * version with only what it requires and with each optional field left out, and random objects drawn from the schemas.
 */
import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../support/explain-context.ts';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { ObjectRef } from '../../src/gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../src/gatewayapi/snapshot.ts';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { splitApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import {
  isJsonObject,
  type JsonObject,
  type Path,
  type Schema,
} from '../../src/gatewayapi/validation/schema.ts';
import { readStored } from '../../src/gatewayapi/validation/stored-object.ts';
import { validateObject } from '../../src/gatewayapi/validation/validate-object.ts';
import { decodeConfig, encodeConfig } from '../../src/ir/codec.ts';
import { HEALTHY } from '../../src/controller/reconcile-health.ts';
import type { Reconciled } from '../../src/controller/reconcile-loop.ts';
import { COLLECTIONS } from '../../src/admin/api/collections.ts';
import type { ProcessReport } from '../../src/admin/view/status.ts';
import { GatewayView } from '../../src/admin/view/view.ts';
import { parseRequest } from '../../src/admin/explain/request.ts';
import { translateOptions } from '../../src/controller/translate-options.ts';
import { explain } from '../../src/proxy/router/explain.ts';
import { compileRegex } from '../../src/proxy/router/regex.ts';
import { assembleSnapshot } from '../../src/provider/file/assemble.ts';
import { translate } from '../../src/translator/translate.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import { objectOfKind } from '../schema/arbitrary-object.ts';
import { readSeeds } from '../schema/seeds.ts';
import { fieldAt, withValue } from './edit-field.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';

const OPTIONS = translateOptions({});
const GROUP = 'gateway.networking.k8s.io';

const objectOf = (apiVersion: string, kind: string, spec: JsonObject, namespace = 'default'): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a', ...(namespace === '' ? {} : { namespace }), generation: 1 },
  spec,
});

/** What random objects refer to and are attached to. */
const WORLD: readonly JsonObject[] = [
  objectOf(`${GROUP}/v1`, 'GatewayClass', { controllerName: OPTIONS.controllerName }, ''),
  objectOf(`${GROUP}/v1`, 'Gateway', {
    gatewayClassName: 'a',
    defaultScope: 'All',
    allowedListeners: { namespaces: { from: 'All' } },
    listeners: [
      { name: 'http', port: 80, protocol: 'HTTP' },
      { name: 'a', port: 443, protocol: 'TLS', tls: { mode: 'Passthrough' } },
      { name: 'tcp', port: 9000, protocol: 'TCP' },
      { name: 'udp', port: 53, protocol: 'UDP' },
    ].map((listener) => ({ ...listener, allowedRoutes: { namespaces: { from: 'All' } } })),
  }),
  objectOf('v1', 'Service', {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 443 },
    ],
  }),
  objectOf(`${GROUP}/v1`, 'HTTPRoute', {
    parentRefs: [{ name: 'a' }],
    rules: [{ backendRefs: [{ name: 'a', port: 80 }] }],
  }),
];

const refOf = ({ apiVersion, kind, metadata }: JsonObject): ObjectRef => {
  const { namespace = '', name } = metadata as { readonly namespace?: string; readonly name: string };
  return { group: splitApiVersion(String(apiVersion)).group, kind: String(kind), namespace, name };
};

/** Objects as they come from files, or where those would refuse them, from an API server; none that neither gives. */
function admitted(object: JsonObject): readonly JsonObject[] {
  const verdict = validateObject(object);
  if (verdict.kind === 'valid') return [{ ...verdict.object, metadata: object['metadata'] }];
  const reading = readStored(object);
  return reading.ok ? [reading.object] : [];
}

function snapshotOf(objects: readonly JsonObject[]): ResourceSnapshot {
  const all = [...WORLD, ...objects].flatMap(admitted);
  const byName = new Map(all.map((object) => [JSON.stringify(refOf(object)), object]));
  return assembleSnapshot([...byName.values()].map((object) => [refOf(object), object] as const));
}

const REQUESTS = ['http://a.example.com/a/b?x=1', 'http://x.cluster.local/', 'https://example.com/'];

/** Translates, reports, explains, encodes; fails where any of it throws, or contains an exception. */
function evaluate(objects: readonly JsonObject[]): TranslateResult {
  const snapshot = snapshotOf(objects);
  const observations = { dataPlanes: [] };
  const result = translate(snapshot, observations, OPTIONS);
  const contained = result.findings.filter(({ code }) => code === 'internal-error');
  assert.deepEqual(contained, [], JSON.stringify(objects));
  const reconciled = { snapshot, inputFindings: [], observations, result, revision: 1 };
  readView(reconciled);
  for (const config of result.configs) {
    assert.deepEqual(decodeConfig(encodeConfig(config)), config);
    for (const text of REQUESTS) {
      const parsed = parseRequest(text, ['x-user: a', 'cookie: a=b']);
      if (parsed.ok) explain(config, parsed.request, compileRegex, EXPLAIN_CONTEXT);
    }
  }
  return result;
}

const REPORT: ProcessReport = {
  version: '',
  startedAt: '',
  ready: true,
  notReady: null,
  reconciling: HEALTHY,
  workers: { expected: 1, serving: 1, restarts: 0, pids: [] },
};

/** Reads everything that the admin API shows. */
function readView(reconciled: Reconciled): void {
  const view = new GatewayView({
    process: () => REPORT,
    stats: null,
    locate: () => null,
    now: Date.now,
    logger: SILENT_LOGGER,
  });
  view.update({ reconciled, proxies: [], isServedByAll: true });
  for (const { items } of Object.values(COLLECTIONS)) JSON.stringify(items(view));
  JSON.stringify([view.summary, view.status]);
}

function* optionalPaths(value: unknown, path: Path): Generator<Path> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* optionalPaths(item, [...path, index]);
  } else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (path.length === 0 && ['apiVersion', 'kind', 'metadata'].includes(name)) continue;
      yield [...path, name];
      yield* optionalPaths(item, [...path, name]);
    }
  }
}

suite('one field left out', () => {
  for (const seed of readSeeds()) {
    const { metadata } = seed as { readonly metadata: { readonly name: string } };
    test(`${String(seed['apiVersion'])} ${String(seed['kind'])} ${metadata.name}`, () => {
      evaluate([seed]);
      for (const path of optionalPaths(seed, [])) {
        if (fieldAt(seed, path) !== undefined) evaluate([withValue(seed, path, undefined)]);
      }
    });
  }
});

/** All that the schema requires and nothing else: the first value of each field that does. */
function minimal(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum !== undefined) return schema.enum[0];
  switch (schema.type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((name) => [name, minimal(schema.properties?.[name] ?? {})]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 0 }, () => minimal(schema.items ?? {}));
    case 'integer':
    case 'number':
      return Math.max(1, schema.minimum ?? 1);
    case 'boolean':
      return false;
    case 'string':
    case undefined:
    default:
      return 'a';
  }
}

const RUNS = Number(process.env['SLUICE_TOTALITY_RUNS'] ?? '15');

suite('each kind in each version', () => {
  for (const kind of REGISTRY.kinds) {
    for (const [version, schema] of Object.entries(kind.schemas)) {
      const name = `${kind.kind} ${version}`;
      test(`${name}: only what it requires`, () => {
        const body = minimal(schema) as Record<string, unknown>;
        const namespace = kind.namespaced ? 'default' : '';
        const {
          apiVersion,
          kind: own,
          metadata,
        } = objectOf(kind.group === '' ? version : `${kind.group}/${version}`, kind.kind, {}, namespace);
        evaluate([{ ...body, apiVersion, kind: own, metadata }]);
      });

      for (const isStrict of [true, false]) {
        test(`${name}: any object ${isStrict ? 'of its schema' : 'of its shape'}`, () => {
          fc.assert(
            fc.property(objectOfKind(kind, version, { schema, isStrict }), (object) => {
              evaluate([object]);
            }),
            { numRuns: RUNS },
          );
        });
      }
    }
  }
});

test('any objects together', () => {
  const any = fc
    .constantFrom(...REGISTRY.kinds)
    .chain((kind) =>
      fc
        .tuple(fc.constantFrom(...Object.entries(kind.schemas)), fc.boolean())
        .chain(([[version, schema], isStrict]) => objectOfKind(kind, version, { schema, isStrict })),
    );
  fc.assert(
    fc.property(fc.array(any, { minLength: 2, maxLength: 8 }), (objects) => {
      evaluate(objects);
    }),
    { numRuns: RUNS * 5 },
  );
});

test('most random objects are such that there is something to evaluate', () => {
  const route = REGISTRY.named('HTTPRoute');
  assert.ok(route !== null);
  const { schema } = route;
  const drawn = fc.sample(objectOfKind(route, 'v1', { schema, isStrict: true }), { numRuns: 100, seed: 1 });
  const rules = drawn.flatMap((object) => evaluate([object]).configs.flatMap((config) => config.rules));
  assert.ok(rules.length > 100, String(rules.length));
});
