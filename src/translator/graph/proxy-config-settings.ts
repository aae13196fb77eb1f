/** Reads the settings of a ProxyConfig. */
import type { ProxyConfigSpec } from '../../gatewayapi/generated/types.ts';
import { cidrError } from '../../lib/cidr.ts';
import type { Fault } from '../faults/fault.ts';
import { proxyConfigValue } from '../faults/proxy-config-faults.ts';
import { readMeasures, type Measured, type Unit } from '../measures.ts';

const UNITS = {
  'limits.head': 'bytes',
  'limits.target': 'bytes',
  'limits.body': 'bytes',
  'timeouts.head': 'duration',
  'timeouts.idle': 'duration',
  'timeouts.slowBody.window': 'duration',
  'timeouts.halfClosed': 'duration',
  'workload.terminationGracePeriod': 'duration',
} as const satisfies Readonly<Record<string, Unit>>;

/** Durations are milliseconds, sizes bytes. */
export type ProxyConfigSettings = Measured<ProxyConfigSpec, keyof typeof UNITS>;

/** The largest head that the proxy can hold. */
const MAX_HEAD_BYTES = 65_536;

/** By path. With less, requests of ordinary browsers are rejected. */
const LEAST_BYTES: Readonly<Record<string, number>> = { 'limits.head': 1_024, 'limits.target': 256 };

export function readProxyConfigSettings(spec: ProxyConfigSpec): {
  readonly settings: ProxyConfigSettings;
  readonly faults: readonly Fault[];
} {
  const { settings, unreadable } = readMeasures(spec, UNITS);
  const { proxy, service } = settings;
  const faults = [
    ...cidrFaults('spec.proxy.trustedCIDRs', proxy?.trustedCIDRs),
    ...cidrFaults('spec.service.loadBalancerSourceRanges', service?.loadBalancerSourceRanges),
    ...headFaults('limits.head', spec.limits?.head, settings.limits?.head),
    ...headFaults('limits.target', spec.limits?.target, settings.limits?.target),
    ...unreadable
      .filter(({ path }) => LEAST_BYTES[path] === undefined)
      .map(({ path, why }) => proxyConfigValue(`spec.${path}`, why)),
  ];
  return { settings, faults };
}

const cidrFaults = (path: string, values: readonly string[] = []): readonly Fault[] =>
  values.flatMap((value, index) => {
    const error = cidrError(value);
    return error === null ? [] : [proxyConfigValue(`${path}[${String(index)}]`, error)];
  });

/** `bytes`: undefined where there is no value, or one that is not readable. */
function headFaults(
  path: string,
  written: string | number | undefined,
  bytes: number | undefined,
): readonly Fault[] {
  const least = LEAST_BYTES[path] ?? 0;
  if (written === undefined || (bytes !== undefined && bytes >= least && bytes <= MAX_HEAD_BYTES)) return [];
  const range = `${String(least)} bytes to ${String(MAX_HEAD_BYTES / 1_024)}Ki`;
  return [proxyConfigValue(`spec.${path}`, `${JSON.stringify(written)} is not a size from ${range}.`)];
}
