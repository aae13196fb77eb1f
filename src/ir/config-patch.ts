/**
 * A patch from one GatewayConfig to the next as text, small for a small change. Like the output of `encodeConfig`, it contains secrets:
 * it may be sent only over encrypted connections or local pipes.
 */
import { diffPlain, patchPlain, type Patch, type Plain } from '../lib/structural-patch.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { Redacted, type Certificate } from './tls.ts';

/** Members that change with a Gateway's endpoints; a patch of no others recompiles nothing. */
const ENDPOINT_MEMBERS: ReadonlySet<string> = new Set(['version', 'endpoints']);

/** null if the two are equal. Parts that are the same object in both cost nothing. */
export function diffConfig(before: GatewayConfig, after: GatewayConfig): Patch | null {
  return diffPlain(toPlain(before), toPlain(after));
}

/** Throws if the patch is for another configuration. Parts that it does not change stay the same objects. */
export function patchConfig(before: GatewayConfig, patch: Patch): GatewayConfig {
  const patched = patchPlain(toPlain(before), patch) as unknown as PlainConfig;
  const keepsCertificates = 'in' in patch && patch.in['certificates'] === undefined;
  const certificates = keepsCertificates
    ? before.certificates
    : patched.certificates.map((one) => ({ ...one, keyPem: new Redacted(one.keyPem) }));
  return { ...patched, certificates };
}

/** Whether endpoints changed, and nothing else but the version. */
export const isEndpointPatch = (patch: Patch): boolean =>
  'in' in patch &&
  patch.del === undefined &&
  patch.in['endpoints'] !== undefined &&
  Object.keys(patch.in).every((name) => ENDPOINT_MEMBERS.has(name));

type PlainConfig = Omit<GatewayConfig, 'certificates'> & {
  readonly certificates: readonly (Omit<Certificate, 'keyPem'> & { readonly keyPem: string })[];
};

function toPlain(config: GatewayConfig): Plain {
  const certificates = config.certificates.map((one) => ({ ...one, keyPem: one.keyPem.reveal() }));
  // A configuration is JSON except for its private keys, which are text here.
  return { ...config, certificates } as unknown as Plain;
}
