/**
 * `npm run conformance`: a real cluster, Sluice installed from its chart, the official suite whole.
 *
 *   --only NAME   run one test of the suite (for development; writes no report)
 *   --keep        leave the cluster up afterwards
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildCluster } from './cluster/build.ts';
import { startCluster } from './cluster/cluster.ts';
import { createLayout } from './cluster/layout.ts';
import { runLoadBalancer } from './cluster/load-balancer.ts';
import { installCrds, installSluice } from './install.ts';
import { buildSluiceImage } from './sluice-image.ts';
import { runSuite } from './suite.ts';

const ROOT = join(import.meta.dirname, '..', '..');

const { values } = parseArgs({ options: { only: { type: 'string' }, keep: { type: 'boolean' } } });
const log = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const layout = createLayout(process.env['SLUICE_LAB'] ?? join(ROOT, '.cache', 'conformance'));
buildCluster(layout, log);
log('starting the cluster');
const cluster = await startCluster(layout);
const balancing = new AbortController();
void runLoadBalancer(cluster.kubectl, balancing.signal);
try {
  log('installing Sluice');
  await installCrds(cluster);
  buildSluiceImage(layout);
  await installSluice(cluster);
  log('running the suite');
  const reports = join(ROOT, 'conformance', 'reports');
  mkdirSync(reports, { recursive: true });
  const isWhole = values.only === undefined;
  const code = await runSuite(layout, {
    gatewayClass: 'sluice',
    report: isWhole ? join(reports, 'v1.6.3.yaml') : join(layout.cache, 'one-test.yaml'),
    log: join(layout.cache, 'suite.log'),
    flags: isWhole ? [] : [`-run-test=${values.only ?? ''}`],
  });
  log(`the suite ended with ${code === 0 ? 'success' : `failures: see ${join(layout.cache, 'suite.log')}`}`);
  process.exitCode = code;
} finally {
  balancing.abort();
  if (values.keep !== true) await cluster.down();
}
