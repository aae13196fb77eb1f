/** Runs every golden case: against its files, frozen, twice, shuffled, and through the codec. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { decodeConfig, encodeConfig } from '../../src/ir/codec.ts';
import { deepFreeze } from '../../src/lib/deep-freeze.ts';
import { translate } from '../../src/translator/translate.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import { listCases, snapshotOf, type GoldenCase } from './golden-case.ts';
import { renderIr, renderStatus } from './render.ts';

const SHUFFLES = 3;

for (const golden of listCases()) {
  test(golden.id, () => {
    const result = run(golden);
    assert.equal(renderIr(result), readGolden(golden, 'ir.yaml'));
    assert.equal(renderStatus(result, golden.area), readGolden(golden, 'status.yaml'));
    assert.deepEqual(run(golden), result, 'a second run gives the same answer');
    for (let seed = 1; seed <= SHUFFLES; seed++) {
      const shuffled = run({ ...golden, objects: shuffle(golden.objects, seed) });
      assert.deepEqual(shuffled, result, 'the order of documents carries no meaning');
    }
    for (const config of result.configs) {
      const back = decodeConfig(encodeConfig(config));
      assert.deepEqual(back, config);
      assert.equal(encodeConfig(back), encodeConfig(config), 'secrets survive the way to the proxy');
    }
  });
}

function run({ objects, observations, options }: GoldenCase): TranslateResult {
  return translate(deepFreeze(snapshotOf(objects)), deepFreeze(observations), options);
}

function readGolden({ folder }: GoldenCase, file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

/** Fisher-Yates with a small generator, so that a failure can be repeated. */
function shuffle<T>(items: readonly T[], seed: number): readonly T[] {
  const shuffled = [...items];
  let state = seed * 2_654_435_761;
  for (let index = shuffled.length - 1; index > 0; index--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    const other = state % (index + 1);
    [shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
  }
  return shuffled;
}
