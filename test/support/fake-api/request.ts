/** What a request of the Kubernetes API asks for: its path, its selectors. */
import type { JsonObject } from './server-side-apply.ts';
import type { ResourceId, StoredObject } from './store.ts';

export interface ResourcePath {
  readonly resource: ResourceId;
  readonly version: string;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

const PATH =
  /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([a-z]+)(?:\/([^/]+)(?:\/([a-z]+))?)?$/;

/** null for what is no resource. */
export function resourceOf(path: string): ResourcePath | null {
  const [, group = '', version = '', namespace = '', plural, name = '', subresource = ''] =
    PATH.exec(path) ?? [];
  if (plural === undefined) return null;
  return {
    resource: `${group}/${plural}`,
    version,
    namespace: decodeURIComponent(namespace),
    name: decodeURIComponent(name),
    subresource,
  };
}

export function matchesSelectors(object: StoredObject, namespace: string, query: URLSearchParams): boolean {
  if (namespace !== '' && object.metadata['namespace'] !== namespace) return false;
  const labels = (object.metadata['labels'] ?? {}) as JsonObject;
  const wantedLabels = split(query.get('labelSelector'));
  const hasLabels = wantedLabels.every((term) => {
    const [key = '', value] = term.split('=');
    return value === undefined ? Object.hasOwn(labels, key) : labels[key] === value;
  });
  return hasLabels && split(query.get('fieldSelector')).every((term) => matchesField(object, term));
}

const split = (selector: string | null): string[] =>
  selector === null || selector === '' ? [] : selector.split(',');

function matchesField(object: StoredObject, term: string): boolean {
  const [, field = '', operator = '', value = ''] = /^([^!=]+)(!?=)(.*)$/.exec(term) ?? [];
  const fields: Readonly<Record<string, unknown>> = {
    'metadata.name': object.metadata.name,
    'metadata.namespace': object.metadata['namespace'],
    type: object['type'],
  };
  if (!Object.hasOwn(fields, field)) throw new Error(`field selector "${term}" is not known here`);
  return (fields[field] === value) === (operator === '=');
}

export const partialMetadata = ({ metadata }: StoredObject): StoredObject => ({
  kind: 'PartialObjectMetadata',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
});
