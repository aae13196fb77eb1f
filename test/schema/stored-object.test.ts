/** Objects as an API server holds them: the quick check finds exactly those that the careful reading leaves as they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { splitApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import {
  isJsonObject,
  type JsonObject,
  type Path,
  type PathSegment,
} from '../../src/gatewayapi/validation/schema.ts';
import { readStored } from '../../src/gatewayapi/validation/stored-object.ts';
import { withValue } from '../golden/edit-field.ts';
import { readSeeds } from './seeds.ts';

/** Values for a field of any type, most of which it cannot have. */
const REPLACEMENTS: readonly unknown[] = [undefined, null, 'x', 7, 7.5, true, {}, [], [{}], [null]];

function* paths(value: unknown, path: Path = []): Generator<Path> {
  const members: readonly (readonly [PathSegment, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  for (const [segment, member] of members) {
    if (path.length === 0 && ['apiVersion', 'kind', 'metadata'].includes(String(segment))) continue;
    yield [...path, segment];
    yield* paths(member, [...path, segment]);
  }
}

/** A version that no kind has: the quick check is only for objects of the preferred one. */
const unheardOf = (object: JsonObject, group: string): JsonObject => ({
  ...object,
  apiVersion: group === '' ? 'unheard' : `${group}/unheard`,
});

test('an object that is taken as it is would not be changed by the careful reading', () => {
  const count = { same: 0, changed: 0 };
  for (const seed of readSeeds()) {
    const { group } = splitApiVersion(String(seed['apiVersion']));
    const kind = REGISTRY.find(group, String(seed['kind']));
    if (kind?.apiVersion !== seed['apiVersion']) continue;
    for (const path of paths(seed)) {
      for (const value of REPLACEMENTS) {
        const object = withValue(seed, path, value);
        const quick = readStored(object);
        const text = JSON.stringify(object);
        assert.deepEqual(quick, readStored(unheardOf(object, group)), text);
        if (quick.ok && quick.object === object) count.same += 1;
        else count.changed += 1;
      }
    }
  }
  assert.ok(count.same > 100 && count.changed > 100, JSON.stringify(count));
});
