/** Checks `apiVersion` and `kind` of an object, and suggests what was probably intended. */
import { suggest } from '../../lib/suggest.ts';
import type { KindRegistry, RegisteredKind } from '../kind-registry.ts';
import { joinApiVersion } from './api-version.ts';
import type { Issue, JsonObject } from './schema.ts';

const EXAMPLES = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' } as const;

/** Problems of apiVersion and kind themselves; empty if both are strings. */
export function untyped(object: JsonObject): Issue[] {
  return (['apiVersion', 'kind'] as const).flatMap((name): Issue[] => {
    const value = object[name];
    if (typeof value === 'string' && value !== '') return [];
    if (value !== undefined && value !== null && value !== '') {
      const message = `must be a string, is ${JSON.stringify(value)}`;
      return [{ path: [name], code: 'wrong-type', message, hint: null }];
    }
    const misspelled = Object.keys(object).find((key) => key !== name && suggest(key, [name]) !== null);
    const hint =
      misspelled === undefined
        ? `add "${name}:", such as ${EXAMPLES[name]}`
        : `write "${name}:" instead of "${misspelled}:"`;
    return [{ path: [name], code: 'missing-field', message: `required field "${name}" is missing`, hint }];
  });
}

/** A version that the kind does not have. */
export function unservedVersion(
  { kind, group, versions, apiVersion }: RegisteredKind,
  version: string,
): Issue {
  const served = versions.map((name) => joinApiVersion(group, name));
  return {
    path: ['apiVersion'],
    code: 'unsupported-value',
    message: `version ${version} of ${kind} is not served: served are ${served.join(', ')}`,
    hint: `write "apiVersion: ${apiVersion}"`,
  };
}

/** For known groups and kinds: the kind that was probably intended. */
export function suggestKind({ kinds }: KindRegistry, group: string, kind: string): string | null {
  const groups = [...new Set(kinds.map((entry) => entry.group))];
  const same = kinds.find((entry) => entry.kind === kind);
  if (same !== undefined) {
    return isOurs(group, groups) || isOfKubernetes(group) ? `apiVersion: ${same.apiVersion}` : null;
  }
  if (!isOurs(group, groups)) return null;
  // Experimental kinds lose their X when they become stable.
  const stable = kinds.find((entry) => `X${entry.kind}` === kind);
  if (stable !== undefined) return `apiVersion: ${stable.apiVersion}, kind: ${stable.kind}`;
  const near = suggest(
    kind,
    kinds.filter((entry) => entry.group === group).map((entry) => entry.kind),
  );
  return near === null ? null : `kind: ${near}`;
}

/** Known kinds in groups such as networking.gateway.k8s.io and networking.x-k8s.io: no project uses these names there. */
const isOfKubernetes = (group: string): boolean => /(^|\.)(x-)?k8s\.io$/.test(group);

/** A group that Sluice reads, one with a similar name, or one in which people often expect Gateways. */
const isOurs = (group: string, groups: readonly string[]): boolean =>
  groups.includes(group) || group === 'networking.k8s.io' || suggest(group, groups) !== null;
