/**
 * No field is silently ignored: for each field of each kind's spec there is a golden case in which a change of that one field changes
 * what is served, what is provisioned or what a status says. Findings of `check` alone do not count: a cluster does not show them.
 */
import assert from 'node:assert/strict';
import test from 'node:test';
import { canonicalJson } from '../../src/lib/canonical-json.ts';
import { listSpecFields } from '../../src/gatewayapi/spec-fields.ts';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { isJsonObject, type JsonObject, type Path } from '../../src/gatewayapi/validation/schema.ts';
import { validateObject } from '../../src/gatewayapi/validation/validate-object.ts';
import { translate } from '../../src/translator/translate.ts';
import { listCases, snapshotOf, type GoldenCase } from './golden-case.ts';
import { fieldAt, otherValues, withValue } from './edit-field.ts';

/** Fields that may have no effect, each with the reason why that is right. */
const WITHOUT_EFFECT: ReadonlyMap<string, string> = new Map([
  ['GatewayClass spec.description', 'It is for people who read the object; nothing is to be done with it.'],
  [
    'BackendPolicy spec.healthCheck.active.tcp',
    'A block without fields: the type of the check says all there is.',
  ],
  ['XBackend spec.type', 'The CRD of v1.6.3 knows one value, and the field that belongs to it is served.'],
  ['XBackend spec.port.name', 'The CRD of v1.6.3 refuses every name, so that no object has one.'],
]);

/** Kinds whose spec the translator is answerable for: those of the CRDs. */
const KINDS = REGISTRY.custom
  .filter(({ schema }) => schema.properties?.['spec'] !== undefined)
  .map(({ kind }) => kind);

const cases = listCases();

for (const kind of KINDS) {
  test(`every field of ${kind} is served or named in a condition`, () => {
    const missing = new Set(listSpecFields(kind));
    for (const golden of cases) {
      if (missing.size === 0) break;
      for (const path of fieldsThatMatter(golden, kind, missing)) missing.delete(path);
    }
    const silent = [...missing].filter((path) => !WITHOUT_EFFECT.has(`${kind} ${path}`));
    assert.deepEqual(silent, []);
  });
}

test('every field listed without effect exists and has a reason', () => {
  for (const [key, reason] of WITHOUT_EFFECT) {
    const [kind = '', path = ''] = key.split(' ');
    assert.ok(listSpecFields(kind).includes(path), key);
    assert.ok(reason.length > 20, key);
  }
});

/** Those of `wanted` whose change is seen in this case. */
function fieldsThatMatter(golden: GoldenCase, kind: string, wanted: ReadonlySet<string>): readonly string[] {
  const found = new Set<string>();
  let before: string | null = null;
  for (const [at, [ref, object]] of golden.objects.entries()) {
    if (ref.kind !== kind) continue;
    for (const { field, path } of leavesOf(object['spec'], 'spec', ['spec'])) {
      if (!wanted.has(field) || found.has(field)) continue;
      before ??= outcome(golden, golden.objects);
      if (changes(golden, before, { at, path })) found.add(field);
    }
  }
  return [...found];
}

function changes(golden: GoldenCase, before: string, { at, path }: { at: number; path: Path }): boolean {
  const entry = golden.objects[at];
  if (entry === undefined) return false;
  const [ref, object] = entry;
  const text = canonicalJson(object);
  const edits = [undefined, ...otherValues(fieldAt(object, path))].map((value) =>
    withValue(object, path, value),
  );
  const allowed = edits.map(valid).filter((edited) => edited !== null && canonicalJson(edited) !== text);
  // Of a union, no member can change alone. The translator answers for what an API server would refuse, too.
  return (allowed.length > 0 ? allowed : edits).some(
    (edited) => edited !== null && outcome(golden, golden.objects.with(at, [ref, edited])) !== before,
  );
}

/** The object as an API server would store it; null when it would refuse it. */
function valid(object: JsonObject): JsonObject | null {
  const verdict = validateObject(object);
  return verdict.kind === 'valid' ? { ...verdict.object, metadata: object['metadata'] } : null;
}

function outcome({ observations, options }: GoldenCase, objects: GoldenCase['objects']): string {
  const { configs, infra, statuses } = translate(snapshotOf(objects), observations, options);
  return canonicalJson({ configs, infra, statuses });
}

interface Leaf {
  /** As `listSpecFields` names it. */
  readonly field: string;
  readonly path: Path;
}

function* leavesOf(value: unknown, field: string, path: Path): Generator<Leaf> {
  yield { field, path };
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* leavesOf(item, `${field}[]`, [...path, index]);
  } else if (isJsonObject(value)) {
    for (const [name, child] of Object.entries(value))
      yield* leavesOf(child, `${field}.${name}`, [...path, name]);
  }
}
