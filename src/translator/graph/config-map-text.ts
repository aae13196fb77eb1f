import type { ConfigMap } from '../../gatewayapi/core-kinds.ts';
import { decodeBase64Latin1 } from '../../lib/base64.ts';

/** The text of a key, of `binaryData` one character a byte; null: there is no such key, or it is not base64. */
export function configMapText({ data, binaryData }: ConfigMap, key: string): string | null {
  const binary = binaryData?.[key];
  return data?.[key] ?? (binary === undefined ? null : decodeBase64Latin1(binary));
}
