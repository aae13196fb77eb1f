/**
 * A defect costs one object: in every golden case, values that throw when they are read are planted into one object after the other. The
 * translation continues, a finding names the failure, and once the value is valid again the result is as if nothing had failed.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { isJsonObject, type JsonObject, type Path } from '../../src/gatewayapi/validation/schema.ts';
import { decodeConfig, encodeConfig } from '../../src/ir/codec.ts';
import { Translator, translate } from '../../src/translator/translate.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import { Random } from '../support/random.ts';
import { listCases, snapshotOf, type GoldenCase } from './golden-case.ts';

/** How many places of each case are planted, one at a time. */
const PLANTED = 5;
/** What makes up the object besides its identity. */
const PARTS = ['spec', 'data', 'endpoints', 'ports'];

/** Paths of all values that hang below the object or an element of a list by name. */
function* pathsIn(value: unknown, path: Path): Generator<Path> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* pathsIn(item, [...path, index]);
  } else if (isJsonObject(value)) {
    for (const [name, item] of Object.entries(value)) {
      if (path.length === 0 && !PARTS.includes(name)) continue;
      yield [...path, name];
      yield* pathsIn(item, [...path, name]);
    }
  }
}

/** A copy in which reading the value at `path` throws. */
function planted(object: JsonObject, path: Path): JsonObject {
  const copy = structuredClone(object) as Record<string, unknown>;
  let holder = copy as Record<string | number, unknown>;
  for (const segment of path.slice(0, -1)) holder = holder[segment] as typeof holder;
  Object.defineProperty(holder, path.at(-1) ?? '', {
    enumerable: true,
    get() {
      throw new Error('planted');
    },
  });
  return copy;
}

const snapshotWith = (
  { objects }: GoldenCase,
  at: number,
  object: JsonObject,
): ReturnType<typeof snapshotOf> =>
  snapshotOf(objects.map(([ref, one], index) => [ref, index === at ? object : one] as const));

/** None where the value is not read: what nothing refers to is not evaluated. */
const defectsIn = ({ findings }: TranslateResult): TranslateResult['findings'] =>
  findings.filter(({ code }) => code === 'internal-error');

const namesIn = (result: TranslateResult): readonly string[] => [
  ...new Set(
    defectsIn(result).map(({ object: { kind, namespace, name } }) => `${kind} ${namespace}/${name}`),
  ),
];

let noted = 0;
let tried = 0;

suite('a value that throws when it is read', () => {
  for (const [seed, golden] of listCases().entries()) {
    test(golden.id, () => {
      const random = new Random(seed);
      const places = golden.objects.flatMap(([, object], at) =>
        [...pathsIn(object, [])].map((path) => ({ at, path })),
      );
      const { observations, options } = golden;
      const snapshot = snapshotOf(golden.objects);
      const expected = translate(snapshot, observations, options);
      const translator = new Translator(options);
      translator.translate(snapshot, observations);
      for (let count = 0; count < Math.min(PLANTED, places.length); count += 1) {
        const { at, path } = random.pick(places);
        const object = golden.objects[at]?.[1] ?? {};
        const broken = snapshotWith(golden, at, planted(object, path));
        const result = translator.translate(broken, observations);
        const fresh = translate(broken, observations, options);
        assert.deepEqual(namesIn(result), namesIn(fresh), path.join('.'));
        for (const config of result.configs) assert.deepEqual(decodeConfig(encodeConfig(config)), config);
        tried += 1;
        noted += Number(defectsIn(fresh).length > 0);
        assert.deepEqual(translator.translate(snapshot, observations), expected, `after ${path.join('.')}`);
      }
    });
  }

  test('most places are read, and then noted', () => {
    assert.ok(noted > tried / 2, `${String(noted)} of ${String(tried)}`);
  });
});
