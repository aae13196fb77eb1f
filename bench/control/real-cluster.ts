/** The same measurement with the API server of the test cluster, which is started for it: this program again, inside of its namespace. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { buildCluster } from '../../test/conformance/cluster/build.ts';
import { startCluster } from '../../test/conformance/cluster/cluster.ts';
import { inNamespace } from '../../test/conformance/cluster/command.ts';
import { installCrds } from '../../test/conformance/install.ts';
import { defaultLayout, whyNoLab } from '../../test/conformance/lab.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** `args`: those of the measurement, without the one that asked for this. Resolves with its exit code. */
export async function benchInRealCluster(args: readonly string[]): Promise<number> {
  const lack = whyNoLab();
  if (lack !== null) {
    console.error(lack);
    return 2;
  }
  const layout = defaultLayout();
  buildCluster(layout, console.error);
  const cluster = await startCluster(layout);
  try {
    await installCrds(cluster);
    const words = [MAIN, 'control', ...args, '--kubeconfig', layout.kubeconfig];
    const child = spawn(...inNamespace(process.execPath, words), { stdio: 'inherit' });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  } finally {
    await cluster.down();
  }
}
