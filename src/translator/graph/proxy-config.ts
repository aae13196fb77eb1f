/** ProxyConfigs: read by themselves, found by a parametersRef, and what several of them amount to. */
import type { ProxyConfig, ProxyConfigSpec } from '../../gatewayapi/generated/types.ts';
import { namespacedName, SLUICE_GROUP, type NamespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import { cidrError } from '../../lib/cidr.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { parseBytes } from '../../lib/quantity.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import {
  parametersInvalid,
  proxyConfigValue,
  proxyProtocolUntrusted,
} from '../faults/proxy-config-faults.ts';
import type { ProxyConfigNode } from './nodes.ts';
import { byName, namespaceOf, refOf } from './object-key.ts';

export type ProxyConfigs = ReadonlyMap<NamespacedName, ProxyConfigNode>;

/** The largest head that the proxy can hold. */
const MAX_HEAD_BYTES = 65_536;
/** With less, ordinary browsers are refused. */
const MIN_HEAD_BYTES = 1_024;
const MIN_TARGET_BYTES = 256;

/** By name, in order of their names. */
export function readProxyConfigs(objects: readonly ProxyConfig[]): ProxyConfigs {
  return new Map(
    objects.toSorted(byName).map((object) => {
      const ref = refOf(object, SLUICE_GROUP);
      const node = contain(
        () => ({
          object,
          ref,
          faults: [...schemaFaults(object, 'Invalid'), ...faultsOf(object.spec)],
          warnings: warningsOf(object.spec),
        }),
        (error) => ({ object, ref, faults: [internalError('', error, 'Invalid')], warnings: [] }),
      );
      return [namespacedName(namespaceOf(object), object.metadata.name), node];
    }),
  );
}

function faultsOf({ workload, service, proxy, limits }: ProxyConfigSpec): readonly Fault[] {
  const cidrs = (path: string, values: readonly string[] = []): readonly Fault[] =>
    values.flatMap((value, index) => {
      const error = cidrError(value);
      return error === null ? [] : [proxyConfigValue(`${path}[${String(index)}]`, error)];
    });
  const size = (path: string, value: string | number | undefined, least: number): readonly Fault[] => {
    const bytes = value === undefined ? least : (parseBytes(value) ?? NaN);
    if (bytes >= least && bytes <= MAX_HEAD_BYTES) return [];
    const range = `${String(least)} bytes to ${String(MAX_HEAD_BYTES / 1_024)}Ki`;
    return [proxyConfigValue(path, `${JSON.stringify(value)} is not a size from ${range}.`)];
  };
  const grace = workload?.terminationGracePeriod;
  return [
    ...cidrs('spec.proxy.trustedCIDRs', proxy?.trustedCIDRs),
    ...cidrs('spec.service.loadBalancerSourceRanges', service?.loadBalancerSourceRanges),
    ...size('spec.limits.head', limits?.head, MIN_HEAD_BYTES),
    ...size('spec.limits.target', limits?.target, MIN_TARGET_BYTES),
    ...(grace === undefined || parseDurationMs(grace) !== null
      ? []
      : [
          proxyConfigValue(
            'spec.workload.terminationGracePeriod',
            `${JSON.stringify(grace)} is no duration, such as 60s.`,
          ),
        ]),
  ];
}

/** Every client must send a PROXY header, and none is trusted to: no connection would get through. */
function warningsOf({ proxy }: ProxyConfigSpec): readonly Fault[] {
  const isUntrusted = proxy?.acceptProxyProtocol === true && (proxy.trustedCIDRs ?? []).length === 0;
  return isUntrusted ? [proxyProtocolUntrusted()] : [];
}

/** The ProxyConfig that a parametersRef at `path` names. */
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
