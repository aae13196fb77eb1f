/**
 * The identity of a data plane: the key of its configuration, of the reports of its proxies, and of their certificates. Each Gateway
 * has a data plane of its own. The proxies of a mesh, one on every node, all serve the same configuration and share one identity.
 */
import type { Origin } from './origin.ts';

declare const brand: unique symbol;
/** `gateway/NAMESPACE/NAME` or `mesh/NAME`: compared as text, parsed only by `parseDataPlaneId`. */
export type DataPlaneId = string & { readonly [brand]: 'DataPlaneId' };

export type DataPlaneIdentity =
  | { readonly kind: 'gateway'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'mesh'; readonly name: string };

export function dataPlaneId(identity: DataPlaneIdentity): DataPlaneId {
  switch (identity.kind) {
    case 'gateway':
      return `gateway/${identity.namespace}/${identity.name}` as DataPlaneId;
    case 'mesh':
      return `mesh/${identity.name}` as DataPlaneId;
  }
}

/** The data plane of the Gateway of this name. */
export const gatewayDataPlane = ({ namespace, name }: Pick<Origin, 'namespace' | 'name'>): DataPlaneId =>
  dataPlaneId({ kind: 'gateway', namespace, name });

/** The data plane that serves this object; the inverse of `originOfDataPlane`. */
export const dataPlaneOf = ({ kind, namespace, name }: Origin): DataPlaneId =>
  dataPlaneId(kind === 'XMesh' ? { kind: 'mesh', name } : { kind: 'gateway', namespace, name });

/** null for any other text. */
export function parseDataPlaneId(text: string): DataPlaneIdentity | null {
  const [kind, ...names] = text.split('/');
  if (names.includes('')) return null;
  const [first, second] = names;
  if (kind === 'gateway' && first !== undefined && second !== undefined && names.length === 2) {
    return { kind, namespace: first, name: second };
  }
  return kind === 'mesh' && first !== undefined && names.length === 1 ? { kind, name: first } : null;
}

/** The object whose configuration the data plane serves: for logs, metrics and explanations. */
export function originOfDataPlane(id: DataPlaneId): Origin {
  if (id.startsWith('mesh/')) return { kind: 'XMesh', namespace: '', name: id.slice('mesh/'.length) };
  const [namespace = '', ...name] = id.slice('gateway/'.length).split('/');
  return { kind: 'Gateway', namespace, name: name.join('/') };
}
