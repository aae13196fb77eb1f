/** `npm run golden -- --update [FILTER]` rewrites ir.yaml and status.yaml of the cases whose path contains FILTER. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { translate } from '../../src/translator/translate.ts';
import { listCases, snapshotOf } from './golden-case.ts';
import { renderIr, renderStatus } from './render.ts';

const { values, positionals } = parseArgs({
  options: { update: { type: 'boolean', default: false } },
  allowPositionals: true,
});

if (!values.update) {
  console.error('Usage: npm run golden -- --update [FILTER]. To compare, run npm test -- golden.');
  process.exitCode = 2;
} else {
  const cases = listCases(positionals[0]);
  for (const { folder, area, objects, observations, options } of cases) {
    const result = translate(snapshotOf(objects), observations, options);
    writeFileSync(join(folder, 'ir.yaml'), renderIr(result));
    writeFileSync(join(folder, 'status.yaml'), renderStatus(result, area));
  }
  console.log(`${cases.length} cases written; review them with git diff.`);
}
