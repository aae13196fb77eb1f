/**
 * Objects of one kind as the translator reads them, from one version of their list to the next. The API server rejects invalid objects,
 * unless its CRD is of another version. A policy that becomes invalid then keeps its last valid version, and one without any keeps its
 * targets, so that a policy that protects closes them.
 */
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import { inputFinding } from '../../gatewayapi/input-finding.ts';
import { groupOf, type ObjectRef } from '../../gatewayapi/ref.ts';
import { violationsOf, type Violation } from '../../gatewayapi/rejection.ts';
import type { KindRegistry } from '../../gatewayapi/kind-registry.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import { rejectedPolicy } from '../../gatewayapi/validation/rejected-policy.ts';
import { readStored } from '../../gatewayapi/validation/stored-object.ts';
import type { KubeObject } from '../../kubeapi/client.ts';
import { DerivedItems } from '../../lib/derived-items.ts';

interface Reading {
  readonly object: JsonObject | null;
  readonly findings: readonly InputFinding[];
}

export class ObjectReader {
  readonly #registry: KindRegistry;
  readonly #readings = new DerivedItems<KubeObject, Reading>();
  readonly #objects = new DerivedItems<Reading, JsonObject>();
  readonly #findings = new DerivedItems<Reading, InputFinding>();

  /** Valid versions of policies. */
  readonly #valid = new Map<string, ValidVersion>();

  constructor(registry: KindRegistry) {
    this.#registry = registry;
  }

  /** The same array until something changes. */
  read(objects: readonly KubeObject[]): readonly JsonObject[] {
    const before = this.#readings.items;
    const readings = this.#readings.update(objects, (object) => [this.#read(object)]);
    if (this.#valid.size > 0 && readings !== before) this.#forgetRemoved(objects);
    this.#findings.update(readings, ({ findings }) => findings);
    return this.#objects.update(readings, ({ object }) => (object === null ? [] : [object]));
  }

  #read(stored: KubeObject): Reading {
    const reading = readingOf(stored, this.#registry);
    if (this.#registry.named(stored.kind)?.status !== 'policy') return reading;
    const key = keyOf(stored);
    const { uid = '' } = stored.metadata;
    if (reading.object !== null && violationsOf(reading.object).length === 0) {
      this.#valid.set(key, { uid, object: reading.object });
      return reading;
    }
    const last = this.#valid.get(key);
    return last?.uid === uid ? withLastVersion(stored, reading, last.object) : reading;
  }

  #forgetRemoved(objects: readonly KubeObject[]): void {
    const existing = new Set(objects.map(keyOf));
    for (const key of this.#valid.keys()) if (!existing.has(key)) this.#valid.delete(key);
  }

  /** About objects of which nothing can be used, or only their last valid version. */
  get findings(): readonly InputFinding[] {
    return this.#findings.items;
  }
}

interface ValidVersion {
  readonly uid: string;
  readonly object: JsonObject;
}

const keyOf = ({ metadata: { namespace = '', name } }: KubeObject): string => `${namespace}/${name}`;

function readingOf(stored: KubeObject, registry: KindRegistry): Reading {
  const reading = readStored(stored as unknown as JsonObject, registry);
  if (reading.ok) return { object: reading.object, findings: [] };
  const { violations } = reading;
  const kind = registry.named(stored.kind);
  return {
    object: kind === null ? null : rejectedPolicy(stored as unknown as JsonObject, kind, violations),
    findings: violations.map((violation) => unusable(stored, violation)),
  };
}

function withLastVersion(stored: KubeObject, reading: Reading, object: JsonObject): Reading {
  const violations = reading.object === null ? [] : violationsOf(reading.object);
  const ofStored =
    reading.findings.length > 0
      ? reading.findings
      : violations.map((violation) => unusable(stored, violation));
  const last = inputFinding('last-valid-version-served', {
    object: refOf(stored),
    message: 'the last valid version is still served',
    hint: 'apply the object again in its newest version, or remove it to stop serving it',
    location: null,
  });
  return { object, findings: [...ofStored, last] };
}

const refOf = ({ apiVersion, kind, metadata: { namespace = '', name } }: KubeObject): ObjectRef => ({
  group: groupOf(apiVersion),
  kind,
  namespace,
  name,
});

function unusable(stored: KubeObject, { path, message }: Violation): InputFinding {
  return inputFinding('unusable-object', {
    object: refOf(stored),
    path,
    message: `${path} ${message}; the API server stores the object, but Sluice cannot use it`,
    hint: 'apply the object again in its newest version: the API server then reports what is wrong',
    location: null,
  });
}
