/**
 * The way from one GatewayConfig to the next as text, small when little changed. Like `encodeConfig` it holds secrets: what is made
 * here must travel encrypted or not at all.
 */
import { diffPlain, patchPlain, type Patch, type Plain } from '../lib/structural-patch.ts';
import type { GatewayConfig } from './gateway-config.ts';
import { Redacted, type Certificate } from './tls.ts';

/** Members that change with a Gateway's endpoints; a patch of no others recompiles nothing. */
const ENDPOINT_MEMBERS: ReadonlySet<string> = new Set(['version', 'endpoints']);

/** null when the two say the same. Parts that are the same object in both cost nothing. */
export function diffConfig(before: GatewayConfig, after: GatewayConfig): Patch | null {
  return diffPlain(toPlain(before), toPlain(after));
}

/** Throws when the patch was made for another configuration. Parts that it does not touch stay the same objects. */
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
  // A configuration is JSON but for its keys, which are text now.
  return { ...config, certificates } as unknown as Plain;
}
