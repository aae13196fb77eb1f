/** RBAC of the fake API server: what a request needs, and whether rules of Roles give it. */
import { resourceOf } from './request.ts';
import type { SeenRequest } from './server.ts';

/** `rules` of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Whether an object is there. */
export type Exists = (resource: string, namespace: string, name: string) => boolean;

interface Need {
  readonly group: string;
  /** With its subresource, as rules name it. */
  readonly resource: string;
  /** Empty where the request is for any. */
  readonly name: string;
  readonly verbs: readonly string[];
}

/** What a request needs that no rule gives, in words; null when it is allowed. */
export function missingRight(
  rules: readonly PolicyRule[],
  request: SeenRequest,
  exists: Exists,
): string | null {
  // Discovery is open to all who are authenticated.
  if (request.method === 'GET' && /^\/apis\/[^/]+(\/[^/]+)?$/.test(request.path)) return null;
  const need = needOf(request, exists);
  if (need === null) return `nothing is at ${request.path}`;
  const missing = need.verbs.find((verb) => !rules.some((rule) => gives(rule, verb, need)));
  return missing === undefined ? null : `${missing} ${need.resource} of "${need.group}" ${need.name}`;
}

const gives = (
  { apiGroups, resources, resourceNames, verbs }: PolicyRule,
  verb: string,
  need: Need,
): boolean =>
  apiGroups.includes(need.group) &&
  resources.includes(need.resource) &&
  verbs.includes(verb) &&
  (resourceNames === undefined || resourceNames.includes(need.name));

function needOf(request: SeenRequest, exists: Exists): Need | null {
  const target = resourceOf(request.path);
  if (target === null) return null;
  const { namespace, name, subresource } = target;
  const [group = '', plural = ''] = target.resource.split('/');
  const makes = request.method === 'PATCH' && subresource === '' && !exists(target.resource, namespace, name);
  const verb = VERBS[request.method] ?? readingVerb(request, name);
  return {
    group,
    resource: subresource === '' ? plural : `${plural}/${subresource}`,
    name: name === '' ? selectedName(request) : name,
    // Server-side apply of what is not there makes it.
    verbs: makes ? [verb, 'create'] : [verb],
  };
}

function readingVerb({ query }: SeenRequest, name: string): string {
  if (query.get('watch') === 'true') return 'watch';
  return name === '' ? 'list' : 'get';
}

/** A list or watch of one name is allowed by that name. */
const selectedName = ({ query }: SeenRequest): string =>
  /^metadata\.name=([^,]+)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
