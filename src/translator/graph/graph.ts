/** The graph of a snapshot, stage by stage: each stage links its objects to those of earlier stages. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { Memo } from '../../lib/memo.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { Defects } from '../contain.ts';
import { EXTENSION_KINDS } from '../extension/extension-kinds.ts';
import type { Extensions } from '../extension/extensions.ts';
import { FILTER_KINDS } from '../filter/filter-kinds.ts';
import type { TranslateOptions } from '../types.ts';
import { indexParents } from './attachment.ts';
import { readClasses } from './gateway.ts';
import { linkGateways } from './gateway-stage.ts';
import type { Attachments, ClassNode, GatewayNode, RouteNode, XBackendNode } from './nodes.ts';
import { reuseNodes, namespaceOf } from './object-key.ts';
import { Hierarchy } from '../policy/hierarchy.ts';
import type { Policies } from '../policy/policies.ts';
import { findPolicyEffects, type PolicyEffects } from '../policy/effects.ts';
import { POLICY_KINDS } from '../policy/policy-kinds.ts';
import { linkPolicies } from '../policy/stage.ts';
import { readProxyConfigs, type ProxyConfigs } from './proxy-config.ts';
import { withinRegexLimit } from './regex-limit.ts';
import { linkRoutes, type ReadRules } from './route-stage.ts';
import { readRule, type RuleContext } from './rule.ts';
import { SnapshotIndex } from './snapshot-index.ts';

export interface Graph {
  /** The snapshot that it was built from; lists with the same objects as before are the same lists. */
  readonly snapshot: ResourceSnapshot;
  readonly proxyConfigs: ProxyConfigs;
  readonly classes: readonly ClassNode[];
  /** The Gateways that Sluice serves, by name. */
  readonly gateways: readonly GatewayNode[];
  /** All, oldest first. */
  readonly routes: readonly RouteNode[];
  readonly attachments: Attachments;
  readonly policies: Policies;
  /** Which policies apply to what, in which order. */
  readonly hierarchy: Hierarchy;
  readonly policyEffects: PolicyEffects;
  readonly backends: ReadonlyMap<string, XBackendNode>;
  readonly extensions: Extensions;
}

export interface GraphContext {
  readonly options: TranslateOptions;
  readonly defects: Defects;
}

/** A graph, which never changes, and the index of its snapshot, which is valid until the next pass updates it. */
export interface LinkedSnapshot {
  readonly graph: Graph;
  readonly index: SnapshotIndex;
}

export function linkGraph(next: ResourceSnapshot, context: GraphContext, memo: Memo): LinkedSnapshot {
  const { options, defects } = context;
  const kinds = options.policyKinds ?? POLICY_KINDS;
  const snapshot = memo.fold('snapshot', (before: ResourceSnapshot | null) => withListsOf(before, next));
  const index = memo.fold('index', (before: SnapshotIndex | null) => updateIndex(before, snapshot, defects));
  const proxyConfigs = memo.value('proxy configs', [snapshot.proxyConfigs], () =>
    readProxyConfigs(snapshot.proxyConfigs),
  );
  const classes = memo.value(
    'classes',
    [snapshot.gatewayClasses, proxyConfigs],
    (before: readonly ClassNode[] | null) => linkClasses(before ?? [], snapshot, proxyConfigs, context),
  );
  const { extensionKinds = EXTENSION_KINDS } = options;
  const linking = { kinds, extensionKinds, options };
  const { policies, backends, extensions } = linkPolicies(snapshot, index, linking, memo.part('policies'));
  const sources = { lookup: index, policies, backends, extensions };
  const gatewayContext = { sources, options, proxyConfigs, defects };
  const gateways = linkGateways(snapshot, classes, gatewayContext, memo.part('gateways'));
  const parents = memo.value('parents', [gateways], () => indexParents(gateways));
  const routeContext = {
    readRules: rulesReader(options),
    index,
    namespaces: snapshot.namespaces,
    sources,
    parents,
  };
  const { routes, attachments } = linkRoutes(snapshot, routeContext, memo.part('routes'));
  const hierarchy = new Hierarchy(policies.inherited, kinds);
  const { inherited } = policies;
  const policyEffects = findPolicyEffects(
    gateways,
    hierarchy,
    { attachments, inherited, defects },
    memo.part('policy effects'),
  );
  const nodes = { proxyConfigs, classes, gateways, routes, attachments, policies, backends, extensions };
  return { graph: { snapshot, ...nodes, hierarchy, policyEffects }, index };
}

/** Builds the graphs of successive snapshots. */
export class GraphBuilder {
  readonly #memo = new Memo();
  readonly #context: GraphContext;

  constructor(options: TranslateOptions) {
    this.#context = { options, defects: new Defects() };
  }

  update(snapshot: ResourceSnapshot): Graph {
    return this.#memo.pass(() => linkGraph(snapshot, this.#context, this.#memo).graph);
  }
}

function updateIndex(
  before: SnapshotIndex | null,
  snapshot: ResourceSnapshot,
  defects: Defects,
): SnapshotIndex {
  const index = before ?? new SnapshotIndex(defects);
  index.update(snapshot);
  return index;
}

function linkClasses(
  before: readonly ClassNode[],
  snapshot: ResourceSnapshot,
  configs: ProxyConfigs,
  { options, defects }: GraphContext,
): readonly ClassNode[] {
  const classes = readClasses(snapshot, options, { configs, defects });
  return reuseIfSameItems(before, reuseNodes(before, classes));
}

function rulesReader({
  measureRegex,
  externalBackends = false,
  filterKinds = FILTER_KINDS,
  extensionKinds = EXTENSION_KINDS,
}: TranslateOptions): ReadRules {
  return (route, sources) => {
    const { kind, object, rules } = route;
    const namespace = namespaceOf(object);
    const context: RuleContext = {
      ...sources,
      extensions: { kinds: extensionKinds, nodes: sources.extensions },
      kind,
      namespace,
      measureRegex,
      filterKinds,
      externalBackends,
    };
    return withinRegexLimit(rules.map((rule, at) => readRule(rule, at, context)));
  };
}

/** The snapshot, with lists of the last one wherever they have the same objects. */
function withListsOf(before: ResourceSnapshot | null, snapshot: ResourceSnapshot): ResourceSnapshot {
  if (before === null) return snapshot;
  const known = before as unknown as Readonly<Record<string, readonly object[] | undefined>>;
  const lists = Object.entries(snapshot as unknown as Readonly<Record<string, readonly object[]>>).map(
    ([name, list]) => [name, reuseIfSameItems(known[name] ?? [], list)] as const,
  );
  return Object.fromEntries(lists) as unknown as ResourceSnapshot;
}
