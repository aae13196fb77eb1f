/** Backends that are DNS names (ExternalName Services, XBackends): who may make proxies connect to them. */
import { CORE_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import { readClusterName } from '../../lib/cluster-dns.ts';
import type { Fault } from '../faults/fault.ts';
import { clusterNameRefused, externalBackendsOff, refNotPermitted } from '../faults/reference-faults.ts';
import type { BackendContext, BackendQuery } from './backend.ts';

/**
 * Why `target` may not be used; null if it may, or if it is not a DNS name. A cluster-internal name refers to a Service just as a
 * reference does, so a Service of another namespace needs the same ReferenceGrant.
 */
export function externalBackendFault(
  context: BackendContext,
  { from, path }: BackendQuery,
  target: ObjectRef,
): Fault | null {
  const hostname = hostnameOf(context, target);
  if (hostname === null) return null;
  if (!context.externalBackends) return externalBackendsOff(path, target);
  const found = readClusterName(hostname);
  if (found === null) return null;
  if (found.kind === 'other') return clusterNameRefused(path, target, hostname);
  if (found.namespace === target.namespace) return null;
  const service = { group: CORE_GROUP, kind: 'Service', namespace: found.namespace, name: found.name };
  return context.lookup.granted(from, service) ? null : refNotPermitted(path, from, service);
}

function hostnameOf(
  { lookup, backends }: BackendContext,
  { kind, namespace, name }: ObjectRef,
): string | null {
  if (kind === 'XBackend') {
    return backends.get(namespacedName(namespace, name))?.object.spec.externalHostname?.hostname ?? null;
  }
  const { type, externalName = '' } = lookup.service(namespace, name)?.spec ?? {};
  return type === 'ExternalName' ? externalName : null;
}
