import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import type { BackendSettings } from './backend-policy/backend-settings.ts';
import { fieldsOf, mergeLayers, winnerOf } from './merge.ts';
import type { SettingsLayer } from './policy-settings.ts';

type Layer = SettingsLayer<BackendSettings>;

const layer = (name: string, spec: BackendSettings, whole: Layer['whole'] = []): Layer => ({
  source: { group: '', kind: 'BackendPolicy', namespace: 'demo', name },
  place: name,
  spec,
  written: spec,
  whole,
});

/** Specs that share fields often, at every depth, with lists, nulls and empty blocks. */
const specs: fc.Arbitrary<BackendSettings> = fc.record(
  {
    retry: fc.record(
      {
        attempts: fc.integer({ min: 0, max: 10 }),
        codes: fc.uniqueArray(fc.integer({ min: 500, max: 503 })),
        backoff: fc.constantFrom(1_000, 2_000),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    connection: fc.record(
      {
        tcpKeepalive: fc.record(
          { idleTime: fc.constantFrom(1_000, 2_000) },
          { requiredKeys: [], noNullPrototype: true },
        ),
      },
      { requiredKeys: [], noNullPrototype: true },
    ),
    circuitBreaker: fc.record(
      { maxConnections: fc.option(fc.nat(3)), maxParallelRetries: fc.option(fc.nat(3)) },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

const merged = (...list: readonly BackendSettings[]): BackendSettings =>
  mergeLayers(list.map((spec, index) => layer(String(index), spec))).spec;

suite('the merge of policies', () => {
  test('it is associative: what was merged may be merged again', () => {
    fc.assert(
      fc.property(specs, specs, specs, (a, b, c) => {
        assert.deepEqual(merged(merged(a, b), c), merged(a, b, c));
        assert.deepEqual(merged(a, merged(b, c)), merged(a, b, c));
      }),
    );
  });

  test('a policy over itself, or over nothing, is itself', () => {
    fc.assert(
      fc.property(specs, (spec) => {
        assert.deepEqual(merged(spec, spec), spec);
        assert.deepEqual(merged({}, spec), spec);
        assert.deepEqual(merged(spec, {}), spec);
      }),
    );
  });

  test('every field is the strongest that says something, and known to be', () => {
    fc.assert(
      fc.property(fc.array(specs, { minLength: 1, maxLength: 5 }), (list) => {
        const layers = list.map((spec, index) => layer(String(index), spec));
        const result = mergeLayers(layers);
        for (const [path, value] of fieldsOf(result.spec)) {
          const strongest = layers.findLast(({ spec }) => fieldsOf(spec).some(([each]) => each === path));
          assert.equal(winnerOf(result, path), strongest);
          assert.deepEqual(fieldsOf(strongest?.spec ?? {}).find(([each]) => each === path)?.[1], value);
        }
      }),
    );
  });

  test('nothing that is merged is changed', () => {
    fc.assert(
      fc.property(specs, specs, (a, b) => {
        const before = structuredClone([a, b]);
        merged(a, b);
        assert.deepEqual([a, b], before);
      }),
    );
  });

  test('null is a value, a list is a field, and an empty block is there', () => {
    assert.deepEqual(
      merged({ circuitBreaker: { maxConnections: 5 } }, { circuitBreaker: { maxConnections: null } }),
      { circuitBreaker: { maxConnections: null } },
    );
    assert.deepEqual(merged({ retry: { codes: [500, 502] } }, { retry: { codes: [503] } }), {
      retry: { codes: [503] },
    });
    assert.deepEqual(merged({ retry: { attempts: 1 } }, { retry: {} }), { retry: { attempts: 1 } });
    assert.deepEqual(fieldsOf({ healthCheck: { passive: {} } }), [['healthCheck.passive', {}]]);
  });

  test('of a block that is taken whole weaker layers have no part', () => {
    const weak = layer('weak', { sessionPersistence: { absoluteTimeout: 3_600_000, sessionName: 'w' } });
    const strong = layer('strong', { sessionPersistence: { sessionName: 's' } }, ['sessionPersistence']);
    const result = mergeLayers([weak, strong]);
    assert.deepEqual(result.spec, { sessionPersistence: { sessionName: 's' } });
    assert.equal(winnerOf(result, 'sessionPersistence.absoluteTimeout'), strong);
  });
});
