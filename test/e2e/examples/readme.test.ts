/** Every command that a README shows, run as shown, gives what is shown. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReadmeRunner } from '../../support/readme-runner.ts';
import { REPOSITORY } from '../../support/sluice-process.ts';

function missingTools(): string[] {
  return ['bash', 'curl', 'perl'].filter((tool) => {
    try {
      execFileSync(tool, ['--version'], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}

const missing = missingTools();
const skip = missing.length === 0 ? false : `needs ${missing.join(', ')}`;

const examples = readdirSync(join(REPOSITORY, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `examples/${name}/README.md`);

for (const readme of ['README.md', ...examples]) {
  test(`the commands in ${readme} do what it shows`, { skip }, async (t) => {
    const runner = await ReadmeRunner.create(t);
    await runner.follow(readme);
  });
}
