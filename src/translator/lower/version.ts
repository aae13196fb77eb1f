/** The version of a configuration: what it says, hashed; endpoints apart, so that they can move without the rest being looked at. */
import { encodeConfig } from '../../ir/codec.ts';
import type { EndpointSet } from '../../ir/cluster.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import { sha256Hex } from '../../lib/sha256.ts';

/** SHA-256 of text in UTF-8, as hex. */
export type Digest = (text: string) => string;

/** Hexadecimal digits of each half: as many bits as no two configurations share by chance. */
const HALF = 32;

/** 64 hexadecimal digits: of all but the endpoints, then of the endpoints. */
export function versionOf(config: GatewayConfig, digest: Digest = sha256Hex): string {
  const rest = encodeConfig({ ...config, version: '', endpoints: [] });
  return digest(rest).slice(0, HALF) + endpointsDigest(config.endpoints, digest);
}

/** The same configuration with other endpoints. */
export const withEndpoints = (
  config: GatewayConfig,
  endpoints: readonly EndpointSet[],
  digest: Digest = sha256Hex,
): GatewayConfig => ({
  ...config,
  endpoints,
  version: config.version.slice(0, HALF) + endpointsDigest(endpoints, digest),
});

const endpointsDigest = (endpoints: readonly EndpointSet[], digest: Digest): string =>
  digest(JSON.stringify(endpoints)).slice(0, HALF);
