/**
 * `npm run conformance`: a real cluster, Sluice installed from its chart, the official suite whole.
 *
 *   --only NAME   run one test of the suite (for development; writes no report)
 *   --keep        leave the cluster up afterwards
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { defaultLayout, openLab, ROOT } from './lab.ts';
import { countResults, readResults } from './suite-log.ts';
import { runSuite } from './suite.ts';

const { values } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'boolean' } } });
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const layout = defaultLayout();
const lab = await openLab(layout, print);
try {
  print('running the suite');
  const reports = join(ROOT, 'conformance', 'reports');
  mkdirSync(reports, { recursive: true });
  const isWhole = values.only === undefined;
  const log = join(layout.cache, 'suite.log');
  const code = await runSuite(layout, {
    gatewayClass: 'sluice',
    report: isWhole ? join(reports, 'v1.6.3.yaml') : join(layout.cache, 'one-test.yaml'),
    log,
    flags: isWhole ? [] : [`-run-test=${values.only ?? ''}`],
  });
  const results = readResults(log);
  for (const { name, outcome } of results) if (outcome === 'failed') print(`FAILED ${name}: see ${log}`);
  print(countResults(results));
  process.exitCode = code;
} finally {
  if (values.keep !== true) await lab.close();
}
// The load balancer of a cluster that is kept ends with this process.
process.exit();
