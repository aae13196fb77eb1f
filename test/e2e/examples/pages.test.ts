/** Every command that the README, a page of the documentation or an example shows, run as shown, gives what is shown. */
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PageRunner } from '../../support/page-runner.ts';
import { REPOSITORY } from '../../support/sluice-process.ts';

/** Programs that single pages need besides those that all need. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  'examples/10-tcp-load-balancing/README.md': ['redis-server', 'redis-cli'],
  'examples/13-udp-dns/README.md': ['dnsmasq', 'dig'],
};

function missingTools(page: string): string[] {
  return ['bash', 'curl', 'perl', ...(NEEDS[page] ?? [])].filter((tool) => {
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

const guides = globSync(['docs/troubleshooting.md', 'docs/{start,concepts,how-to}/*.md'], {
  cwd: REPOSITORY,
}).toSorted();

for (const page of ['README.md', ...examples, ...guides]) {
  const missing = missingTools(page);
  const skip = missing.length === 0 ? false : `needs ${missing.join(', ')}`;
  test(`the commands in ${page} do what it shows`, { skip }, async (t) => {
    const runner = await PageRunner.create(t);
    await runner.follow(page);
  });
}
