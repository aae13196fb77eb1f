/** Objects of one kind as the translator reads them, from one version of their list to the next. */
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import { inputFinding } from '../../gatewayapi/input-finding.ts';
import { groupOf } from '../../gatewayapi/ref.ts';
import type { Violation } from '../../gatewayapi/rejection.ts';
import type { KindRegistry } from '../../gatewayapi/kind-registry.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
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

  constructor(registry: KindRegistry) {
    this.#registry = registry;
  }

  /** The same array until something changes. */
  read(objects: readonly KubeObject[]): readonly JsonObject[] {
    const readings = this.#readings.update(objects, (object) => [readingOf(object, this.#registry)]);
    this.#findings.update(readings, ({ findings }) => findings);
    return this.#objects.update(readings, ({ object }) => (object === null ? [] : [object]));
  }

  /** About objects of which nothing can be used. */
  get findings(): readonly InputFinding[] {
    return this.#findings.items;
  }
}

function readingOf(stored: KubeObject, registry: KindRegistry): Reading {
  const reading = readStored(stored as unknown as JsonObject, registry);
  return reading.ok
    ? { object: reading.object, findings: [] }
    : { object: null, findings: reading.violations.map((violation) => unusable(stored, violation)) };
}

function unusable({ apiVersion, kind, metadata }: KubeObject, { path, message }: Violation): InputFinding {
  const { namespace = '', name } = metadata;
  return inputFinding('unusable-object', {
    object: { group: groupOf(apiVersion), kind, namespace, name },
    path,
    message: `${path} ${message}; the API server holds the object all the same, and nothing of it can be used`,
    hint: 'apply the object again in its newest version: the API server then says what is wrong',
    location: null,
  });
}
