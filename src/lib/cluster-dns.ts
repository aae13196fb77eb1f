/** DNS names that a Kubernetes cluster gives out (the DNS-Based Service Discovery specification of Kubernetes). */

/** What a name refers to: a Service, or something else in the cluster; null: a name outside the cluster. */
export type ClusterName =
  | { readonly kind: 'service'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'other' }
  | null;

/** `SERVICE.NAMESPACE.svc`, with pods of a headless Service before it and any cluster domain behind it. */
const SERVICE = /(?:^|\.)([^.]+)\.([^.]+)\.svc(?:\.|$)/;
const OTHER = /\.(?:cluster\.local|pod|svc)$|\.pod\./;

export function readClusterName(hostname: string): ClusterName {
  const text = hostname.toLowerCase().replace(/\.$/, '');
  const [, name, namespace] = SERVICE.exec(text) ?? [];
  if (name !== undefined && namespace !== undefined) return { kind: 'service', namespace, name };
  return OTHER.test(text) || text === 'cluster.local' ? { kind: 'other' } : null;
}
