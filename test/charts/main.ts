/** `npm run charts -- --update` writes the renderings that are kept; without it they are compared. */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { findHelm } from './helm.ts';

const { values } = parseArgs({ options: { update: { type: 'boolean' } } });
const helm = findHelm();
if (helm.kind === 'missing') throw new Error(helm.why);
for (const { name, file, render } of CASES) {
  const text = render(helm.tool);
  if (values.update === true) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    console.error(`${name} differs: run \`npm run charts -- --update\` and review the diff.`);
    process.exitCode = 1;
  }
}
