/** ProxyConfigs: reads them, resolves a parametersRef, and merges several. */
import type { ProxyConfig } from '../../gatewayapi/generated/types.ts';
import { namespacedName, SLUICE_GROUP, type NamespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import { parametersInvalid, proxyProtocolUntrusted } from '../faults/proxy-config-faults.ts';
import type { ProxyConfigNode } from './nodes.ts';
import { byName, namespaceOf, refOf } from './object-key.ts';
import { readProxyConfigSettings, type ProxyConfigSettings } from './proxy-config-settings.ts';

export type ProxyConfigs = ReadonlyMap<NamespacedName, ProxyConfigNode>;

/** By name, in order of their names. */
export function readProxyConfigs(objects: readonly ProxyConfig[]): ProxyConfigs {
  return new Map(
    objects.toSorted(byName).map((object) => {
      const ref = refOf(object, SLUICE_GROUP);
      const node = contain(
        () => {
          const { settings, faults } = readProxyConfigSettings(object.spec);
          const all = [...schemaFaults(object, 'Invalid'), ...faults];
          return { object, ref, settings, faults: all, warnings: warningsOf(settings) };
        },
        (error) => ({
          object,
          ref,
          settings: {},
          faults: [internalError('', error, 'Invalid')],
          warnings: [],
        }),
      );
      return [namespacedName(namespaceOf(object), object.metadata.name), node];
    }),
  );
}

/** Every client must send a PROXY header, but none is trusted: every connection would be refused. */
function warningsOf({ proxy }: ProxyConfigSettings): readonly Fault[] {
  const isUntrusted = proxy?.acceptProxyProtocol === true && (proxy.trustedCIDRs ?? []).length === 0;
  return isUntrusted ? [proxyProtocolUntrusted()] : [];
}

/** The ProxyConfig that a parametersRef at `path` refers to. */
export function findParameters(
  configs: ProxyConfigs,
  path: string,
  target: ObjectRef,
): Result<ProxyConfigNode, Fault> {
  const refuse = (why: string): Result<ProxyConfigNode, Fault> =>
    failure(parametersInvalid(path, target, why));
  if (target.group !== SLUICE_GROUP || target.kind !== 'ProxyConfig') {
    return refuse('this kind is not supported.');
  }
  if (target.namespace === '') return refuse('its namespace is missing.');
  const found = configs.get(namespacedName(target.namespace, target.name));
  if (found === undefined) return refuse('it does not exist.');
  return found.faults.length === 0 ? success(found) : refuse('it is not accepted; see its own status.');
}
