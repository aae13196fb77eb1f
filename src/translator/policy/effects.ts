/** What becomes of each field that a policy sets: per policy and Gateway, over all requests and connections that it governs. */
import { SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { Defects } from '../contain.ts';
import { filterUpstreams } from '../filter/read-filters.ts';
import type { FieldOutcome } from './faults.ts';
import { layerKey, type Hierarchy, type PolicyScope } from './hierarchy.ts';
import {
  attachedTo,
  type Attachments,
  type GatewayNode,
  type RouteNode,
  type RuleNode,
  type Upstream,
} from '../graph/nodes.ts';
import { POLICY_FIELDS, type PolicyField } from './backend-policy/fields.ts';
import { fieldsOf, winnerOf, type Merged, type PolicyLayer } from './merge.ts';

/** By path of the field. */
export type FieldOutcomes = ReadonlyMap<string, FieldOutcome>;

const RANK = { unserved: 0, overridden: 1, effective: 2 } as const;

const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;

export class PolicyEffects {
  readonly #fields = new Map<string, Map<string, FieldOutcome>>();
  readonly #affecting = new Map<string, Map<string, ObjectRef>>();

  /** No policy has a say about anything. */
  get isEmpty(): boolean {
    return this.#affecting.size === 0;
  }

  /** By path of the field; empty where the policy governs nothing of the Gateway. */
  of(policy: ObjectRef, gateway: ObjectRef): FieldOutcomes {
    return this.#fields.get(`${keyOf(policy)} ${keyOf(gateway)}`) ?? new Map<string, FieldOutcome>();
  }

  /** BackendPolicies that have a say about an object as `gateway` serves it, by name. */
  affecting(object: ObjectRef, gateway: ObjectRef): readonly ObjectRef[] {
    const found = this.#affecting.get(`${keyOf(object)} ${keyOf(gateway)}`);
    return [...(found ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
  }

  affect(object: ObjectRef, gateway: ObjectRef, layers: readonly PolicyLayer[]): void {
    const own = layers.filter(({ source }) => source.group === SLUICE_GROUP);
    if (own.length === 0) return;
    const key = `${keyOf(object)} ${keyOf(gateway)}`;
    const known = this.#affecting.get(key) ?? new Map<string, ObjectRef>();
    this.#affecting.set(key, known);
    for (const { source } of own) known.set(keyOf(source), source);
  }

  note(policy: ObjectRef, gateway: ObjectRef, path: string, outcome: FieldOutcome): void {
    const key = `${keyOf(policy)} ${keyOf(gateway)}`;
    const fields = this.#fields.get(key) ?? new Map<string, FieldOutcome>();
    this.#fields.set(key, fields);
    const known = fields.get(path);
    if (known === undefined || RANK[known.kind] < RANK[outcome.kind]) fields.set(path, outcome);
  }
}

export function judgePolicyEffects(
  gateways: readonly GatewayNode[],
  hierarchy: Hierarchy,
  {
    attachments,
    hasPolicies,
    defects,
  }: { readonly attachments: Attachments; readonly hasPolicies: boolean; readonly defects: Defects },
): PolicyEffects {
  const effects = new PolicyEffects();
  if (!hasPolicies) return effects;
  for (const gateway of gateways) {
    defects.contain(
      [gateway.object, 'policy effects'],
      () => {
        judgeGateway(gateway, { hierarchy, attachments }, effects);
      },
      () => undefined,
    );
  }
  return effects;
}

function judgeGateway(
  gateway: GatewayNode,
  { hierarchy, attachments }: { readonly hierarchy: Hierarchy; readonly attachments: Attachments },
  effects: PolicyEffects,
): void {
  const { ref } = gateway;
  const seen = new Set<string>();
  effects.affect(ref, ref, hierarchy.gatewayScope(gateway).layers);
  for (const listener of [...gateway.listeners, ...gateway.listenerSets.flatMap((set) => set.listeners)]) {
    const scope = hierarchy.scopeOf(listener, gateway);
    effects.affect(ref, ref, scope.layers);
    for (const { route } of attachedTo(attachments, listener)) {
      for (const rule of route.rules) {
        for (const use of usesOf(route, rule, { scope, hierarchy })) {
          effects.affect(route.ref, ref, use.layers);
          const key = `${use.layers.map(layerKey).join('\n')} ${use.upstream.protocol} ${use.session?.place ?? ''}`;
          if (use.layers.length > 0 && !seen.has(key)) noteUse(use, ref, effects);
          seen.add(key);
        }
      }
    }
  }
}

/** Traffic that the same layers govern. */
interface PolicyUse {
  readonly upstream: Upstream;
  readonly layers: readonly PolicyLayer[];
  readonly merged: Merged;
  /** Who gives the rule its session persistence: one backend does for all (GEP-1619). */
  readonly session: PolicyLayer | undefined;
}

interface UseContext {
  readonly scope: PolicyScope;
  readonly hierarchy: Hierarchy;
}

function usesOf(route: RouteNode, rule: RuleNode, { scope, hierarchy }: UseContext): readonly PolicyUse[] {
  let session: PolicyLayer | undefined;
  const backends = rule.backends.flatMap(({ upstream }): readonly PolicyUse[] => {
    if (!upstream.ok) return [];
    const layers = hierarchy.requestLayers(route, rule, { upstream: upstream.value, scope });
    const merged = hierarchy.merge(layers);
    session ??= sessionLayer(merged);
    return [{ upstream: upstream.value, layers, merged, session }];
  });
  const filters = [...rule.filters, ...rule.backends.flatMap((backend) => backend.filters)];
  const ofFilters = filterUpstreams(filters).flatMap((upstream): readonly PolicyUse[] => {
    if (!upstream.ok) return [];
    const layers = hierarchy.poolLayers(upstream.value, scope);
    return [{ upstream: upstream.value, layers, merged: hierarchy.merge(layers), session: undefined }];
  });
  return [...backends, ...ofFilters];
}

function sessionLayer({ from }: Merged): PolicyLayer | undefined {
  for (const [path, layer] of from) if (path.startsWith('sessionPersistence')) return layer;
  return undefined;
}

function noteUse(use: PolicyUse, gateway: ObjectRef, effects: PolicyEffects): void {
  for (const layer of use.layers) {
    if (layer.source.kind !== 'BackendPolicy' && layer.source.kind !== 'XBackendTrafficPolicy') continue;
    for (const [path] of fieldsOf(layer.spec)) {
      effects.note(layer.source, gateway, path, outcomeOf(use, layer, path));
    }
  }
}

function outcomeOf(use: PolicyUse, layer: PolicyLayer, path: string): FieldOutcome {
  const overriddenBy = ({ source, place }: PolicyLayer): FieldOutcome => ({
    kind: 'overridden',
    by: source,
    samePlace: place === layer.place,
  });
  const { merged, upstream, session } = use;
  const winner = winnerOf(merged, path);
  if (winner !== undefined && winner !== layer) return overriddenBy(winner);
  const { needs, carriers } = fieldAt(path);
  if (needs !== undefined && valueAt(merged, needs.field) !== needs.value) {
    const decider = winnerOf(merged, needs.field);
    return decider === undefined || decider === layer
      ? { kind: 'unserved', why: `it belongs to ${needs.field} ${needs.value}` }
      : overriddenBy(decider);
  }
  if (path.startsWith('sessionPersistence') && session !== undefined && !isSame(session, layer, use)) {
    return overriddenBy(session);
  }
  const why = unservedBecause(upstream, carriers);
  return why === null ? { kind: 'effective' } : { kind: 'unserved', why };
}

/** Whether what gives the rule its sessions is among what governs this backend. */
const isSame = (session: PolicyLayer, layer: PolicyLayer, { layers }: PolicyUse): boolean =>
  session === layer || layers.includes(session);

/** A block without fields is for the same traffic as its first field. */
function fieldAt(path: string): PolicyField {
  const found = POLICY_FIELDS[path];
  if (found !== undefined) return found;
  const inside = Object.entries(POLICY_FIELDS).find(([name]) => name.startsWith(`${path}.`));
  return inside?.[1] ?? { unit: 'plain', fallback: '', carriers: [] };
}

function valueAt({ spec }: Merged, path: string): string {
  let value: unknown = spec;
  for (const name of path.split('.')) {
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[name];
  }
  return typeof value === 'string' ? value : (POLICY_FIELDS[path]?.fallback ?? '');
}

const SPOKEN = { http1: 'HTTP/1.1', h2: 'HTTP/2', tcp: 'TCP', udp: 'UDP' } as const;

function unservedBecause({ protocol }: Upstream, carriers: PolicyField['carriers']): string | null {
  if (carriers.length === 0) return 'the platform has no way to set it';
  return carriers.includes(protocol)
    ? null
    : `it means nothing to backends spoken to over ${SPOKEN[protocol]}`;
}
