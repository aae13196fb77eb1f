/** Secrets that a cluster creates from other objects: references to them are valid, although no file contains them. */
import { CORE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import { splitApiVersion } from '../../gatewayapi/validation/api-version.ts';
import { isJsonObject, type JsonObject } from '../../gatewayapi/validation/schema.ts';

const textAt = (value: JsonObject, ...path: readonly string[]): string | null => {
  let current: unknown = value;
  for (const key of path) current = isJsonObject(current) ? current[key] : undefined;
  return typeof current === 'string' && current !== '' ? current : null;
};

/** The name of the Secret, by group and kind of the object that it comes from. */
const PRODUCERS: Readonly<Record<string, (value: JsonObject) => string | null>> = {
  'bitnami.com/SealedSecret': (value) => textAt(value, 'metadata', 'name'),
  'external-secrets.io/ExternalSecret': (value) =>
    textAt(value, 'spec', 'target', 'name') ?? textAt(value, 'metadata', 'name'),
  'cert-manager.io/Certificate': (value) => textAt(value, 'spec', 'secretName'),
};

/** The Secret that a controller in the cluster creates from this object; null for other objects. */
export function secretMadeOf(value: JsonObject): ObjectRef | null {
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null;
  const name = PRODUCERS[`${splitApiVersion(apiVersion).group}/${kind}`]?.(value) ?? null;
  if (name === null) return null;
  const namespace = textAt(value, 'metadata', 'namespace') ?? 'default';
  return { group: CORE_GROUP, kind: 'Secret', namespace, name };
}
