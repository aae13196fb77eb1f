/** kubectl inside the cluster's network namespace. */
import { join } from 'node:path';
import { inNamespace, runAsync, type RunOptions } from './command.ts';
import type { Layout } from './layout.ts';

export interface Kubectl {
  (args: readonly string[], options?: RunOptions): Promise<string>;
  /** Server-side apply of objects. */
  apply(objects: readonly object[]): Promise<void>;
  /** What `get … -o json` gives. */
  json<T>(args: readonly string[]): Promise<T>;
}

export function createKubectl({ bin, kubeconfig }: Layout): Kubectl {
  const call = (args: readonly string[], options?: RunOptions): Promise<string> => {
    const [program, words] = inNamespace(join(bin, 'kubectl'), ['--kubeconfig', kubeconfig, ...args]);
    return runAsync(program, words, options);
  };
  return Object.assign(call, {
    async apply(objects: readonly object[]): Promise<void> {
      const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
      await call(['apply', '--server-side', '--force-conflicts', '-f', '-'], { input });
    },
    async json<T>(args: readonly string[]): Promise<T> {
      return JSON.parse(await call([...args, '-o', 'json'])) as T;
    },
  });
}
