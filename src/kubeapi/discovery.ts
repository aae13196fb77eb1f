/** Which versions of a group's resources an API server serves. Every authenticated client may read them (system:discovery). */
import { ApiError, type KubeClient } from './client.ts';

interface ApiGroup {
  readonly versions?: readonly { readonly version: string }[];
}

interface ApiResourceList {
  readonly resources?: readonly { readonly name: string }[];
}

/** Versions by plural name; empty when the group is not installed. */
export async function discoverVersions(
  client: KubeClient,
  group: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  const { versions = [] } = ((await read(client, `/apis/${group}`, signal)) ?? {}) as ApiGroup;
  for (const { version } of versions) {
    const list = (await read(client, `/apis/${group}/${version}`, signal)) as ApiResourceList | null;
    for (const { name } of list?.resources ?? []) {
      // `gateways/status` is a part of `gateways`.
      if (!name.includes('/')) found.set(name, [...(found.get(name) ?? []), version]);
    }
  }
  return found;
}

async function read(client: KubeClient, path: string, signal: AbortSignal): Promise<unknown> {
  try {
    return await client.call({ method: 'GET', path, signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
