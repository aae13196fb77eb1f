import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { formatPath } from '../../src/gatewayapi/validation/schema.ts';
import { validateObject } from '../../src/gatewayapi/validation/validate-object.ts';
import { isAskable, readVerdicts, sampleManifest, samples } from './sample.ts';

const MAX_SHOWN = 5;

suite('schema validation against a real API server', () => {
  for (const sample of samples()) {
    test(`the same verdict on every manifest of the sample ${sample.name}`, () => {
      const { verdicts, server } = readVerdicts(sample);
      const letters = verdicts.join('');
      assert.equal(letters.length, sample.size, 'the record is of another sample: run test/schema/main.ts');
      const counts: Record<string, number> = { a: 0, r: 0, '-': 0 };
      const differences: string[] = [];
      for (let index = 0; index < letters.length; index += 1) {
        const theirs = letters.charAt(index);
        counts[theirs] = (counts[theirs] ?? 0) + 1;
        const { seed, manifest } = sampleManifest(sample, index);
        if (theirs === '-' || !isAskable(seed, manifest)) continue;
        const verdict = validateObject(manifest);
        const isClean = verdict.kind === 'valid' && verdict.warnings.length === 0;
        if (isClean === (theirs === 'a')) continue;
        const issues = verdict.kind === 'invalid' ? verdict.issues : [];
        const said = issues.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; ');
        differences.push(
          `#${String(index)} ${server} says ${theirs}, we say ${said}\n${JSON.stringify(manifest)}`,
        );
      }
      assert.equal(differences.length, 0, differences.slice(0, MAX_SHOWN).join('\n\n'));
      assert.ok((counts['a'] ?? 0) > sample.size / 10);
      assert.ok((counts['a'] ?? 0) + (counts['r'] ?? 0) > (sample.size * 2) / 3);
    });
  }

  test('what is valid stays valid and as it is when it is read again', () => {
    for (const sample of samples()) {
      let count = 0;
      for (let index = 0; index < sample.size; index += 1) {
        const { manifest } = sampleManifest(sample, index);
        const verdict = validateObject(manifest);
        // An older version may allow what the newer one does not.
        if (verdict.kind !== 'valid' || verdict.object['apiVersion'] !== manifest['apiVersion']) continue;
        const again = validateObject(verdict.object);
        assert.equal(again.kind, 'valid');
        assert.deepEqual(again.object, verdict.object);
        count += 1;
      }
      assert.ok(count > sample.size / 12, `${sample.name}: ${String(count)}`);
    }
  });
});
