/**
 * A patch from one GatewayConfig to the next as text, small for a small change. Like the output of `encodeConfig`, it contains secrets:
 * it may be sent only over encrypted connections or local pipes.
 */
import { diffPlain, patchPlain, type Patch, type Plain } from '../lib/structural-patch.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { fromPlainConfig, toPlainConfig, type PlainConfig } from './plain-config.ts';

/** Members that change with a Gateway's endpoints; a patch of no others recompiles nothing. */
const ENDPOINT_MEMBERS: ReadonlySet<string> = new Set(['version', 'endpoints']);

/** null if the two are equal. Parts that are the same object in both cost nothing. */
export function diffConfig(before: GatewayConfig, after: GatewayConfig): Patch | null {
  return diffPlain(toPlain(before), toPlain(after));
}

/** Throws if the patch is for another configuration. Parts that it does not change stay the same objects. */
export function patchConfig(before: GatewayConfig, patch: Patch): GatewayConfig {
  const patched = fromPlainConfig(patchPlain(toPlain(before), patch) as unknown as PlainConfig);
  const keeps = (member: string): boolean =>
    'in' in patch && patch.in[member] === undefined && patch.del?.includes(member) !== true;
  const { certificates, secrets } = before;
  return {
    ...patched,
    ...(keeps('certificates') ? { certificates } : {}),
    ...(keeps('secrets') && secrets !== undefined ? { secrets } : {}),
  };
}

/** Whether endpoints changed, and nothing else but the version. */
export const isEndpointPatch = (patch: Patch): boolean =>
  'in' in patch &&
  patch.del === undefined &&
  patch.in['endpoints'] !== undefined &&
  Object.keys(patch.in).every((name) => ENDPOINT_MEMBERS.has(name));

// A configuration is JSON except for its secrets, which are text here.
const toPlain = (config: GatewayConfig): Plain => toPlainConfig(config) as unknown as Plain;
