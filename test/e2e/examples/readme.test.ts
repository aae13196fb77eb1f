/** Every command that a README shows, run as shown, gives what is shown. */
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ReadmeRunner } from '../../support/readme-runner.ts';
import { REPOSITORY } from '../../support/sluice-process.ts';

/** Programs that single examples need besides those that all need. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  '10-tcp-load-balancing': ['redis-server', 'redis-cli'],
  '13-udp-dns': ['dnsmasq', 'dig'],
};

function missingTools(readme: string): string[] {
  const [, example = ''] = readme.split('/');
  return ['bash', 'curl', 'perl', ...(NEEDS[example] ?? [])].filter((tool) => {
    try {
      // `-v`: dig knows no --version.
      execFileSync(tool, [tool === 'dig' ? '-v' : '--version'], { stdio: 'ignore' });
      return false;
    } catch {
      return true;
    }
  });
}

const examples = readdirSync(join(REPOSITORY, 'examples'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `examples/${name}/README.md`);

for (const readme of ['README.md', ...examples]) {
  const missing = missingTools(readme);
  const skip = missing.length === 0 ? false : `needs ${missing.join(', ')}`;
  test(`the commands in ${readme} do what it shows`, { skip }, async (t) => {
    const runner = await ReadmeRunner.create(t);
    await runner.follow(readme);
  });
}
