import type { Kind } from '../../gatewayapi/kind.ts';
import type { KindInfo } from '../../kubeapi/kind-info.ts';

/** The kind's resource in the API server, at its preferred version unless another one is given. */
export const kindAtVersion = (
  { kind, group, plural, namespaced, versions }: Kind,
  version: string = versions[0],
): KindInfo => ({ kind, group, version, plural, namespaced });
