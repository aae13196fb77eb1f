/**
 * The graph, brought from one snapshot to the next: a table of contents. Each stage links its objects to those of the stages before it, and
 * judges again only what changed.
 */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { Defects } from '../contain.ts';
import { FILTER_KINDS } from '../filter/filter-kinds.ts';
import type { TranslateOptions } from '../types.ts';
import { indexParents, type ParentIndex } from './attachment.ts';
import { judgeClasses } from './gateway.ts';
import { GatewayStage } from './gateway-stage.ts';
import type { Attachments, ClassNode, GatewayNode, RouteNode, XBackendNode } from './nodes.ts';
import { reuseNodes, namespaceOf } from './object-key.ts';
import { Hierarchy } from '../policy/hierarchy.ts';
import type { Policies } from '../policy/policies.ts';
import { findPolicyEffects, type PolicyEffects } from '../policy/effects.ts';
import { POLICY_KINDS } from '../policy/policy-kinds.ts';
import type { PolicyKind } from '../policy/policy-kind.ts';
import { PolicyStage } from '../policy/stage.ts';
import { judgeProxyConfigs, type ProxyConfigs } from './proxy-config.ts';
import { withinRegexLimit } from './regex-limit.ts';
import { RouteStage } from './route-stage.ts';
import { readRule, type RuleContext } from './rule.ts';
import { SnapshotIndex } from './snapshot-index.ts';

export interface Graph {
  /** What it was built from; lists that hold the same objects as before are the same lists. */
  readonly snapshot: ResourceSnapshot;
  readonly index: SnapshotIndex;
  readonly proxyConfigs: ProxyConfigs;
  readonly classes: readonly ClassNode[];
  /** Those we serve, in order of their names. */
  readonly gateways: readonly GatewayNode[];
  /** All, oldest first. */
  readonly routes: readonly RouteNode[];
  readonly attachments: Attachments;
  readonly policies: Policies;
  /** Which of the policies govern what, in which order. */
  readonly hierarchy: Hierarchy;
  readonly policyEffects: PolicyEffects;
  readonly backends: ReadonlyMap<string, XBackendNode>;
}

export class GraphBuilder {
  readonly #options: TranslateOptions;
  readonly #index: SnapshotIndex;
  readonly #policyKinds: readonly PolicyKind[];
  readonly #policyStage: PolicyStage;
  readonly #gatewayStage: GatewayStage;
  readonly #defects: Defects;
  readonly #routeStage: RouteStage;
  #snapshot: ResourceSnapshot | null = null;
  #proxyConfigs: ProxyConfigs = new Map();
  #classes: readonly ClassNode[] = [];
  #gateways: readonly GatewayNode[] = [];
  #parents: ParentIndex = indexParents([]);

  constructor(options: TranslateOptions, defects = new Defects()) {
    this.#options = options;
    this.#defects = defects;
    this.#index = new SnapshotIndex(defects);
    this.#policyKinds = options.policyKinds ?? POLICY_KINDS;
    this.#policyStage = new PolicyStage(this.#policyKinds);
    this.#gatewayStage = new GatewayStage(defects);
    const { measureRegex, externalBackends = false, filterKinds = FILTER_KINDS } = options;
    this.#routeStage = new RouteStage((route, sources) => {
      const namespace = namespaceOf(route.object);
      const context: RuleContext = {
        ...sources,
        kind: route.kind,
        namespace,
        measureRegex,
        filterKinds,
        externalBackends,
      };
      return withinRegexLimit(route.rules.map((rule, at) => readRule(rule, at, context)));
    });
  }

  /** The graph of this snapshot. Its index is that of the next one after the next call; its nodes never change. */
  update(next: ResourceSnapshot): Graph {
    const snapshot = withListsOf(this.#snapshot, next);
    const options = this.#options;
    const index = this.#index;
    index.update(snapshot);
    this.#judgeClasses(snapshot);
    const { policies, backends } = this.#policyStage.update(snapshot, index, options);
    const sources = { lookup: index, policies, backends };
    const proxyConfigs = this.#proxyConfigs;
    const gateways = this.#gatewayStage.update(snapshot, this.#classes, { sources, options, proxyConfigs });
    if (gateways !== this.#gateways) this.#parents = indexParents(gateways);
    this.#gateways = gateways;
    const { routes, attachments } = this.#routeStage.update(snapshot, {
      index,
      sources,
      parents: this.#parents,
    });
    this.#snapshot = snapshot;
    const hierarchy = new Hierarchy(policies.inherited, this.#policyKinds);
    const hasPolicies = policies.inherited.nodes.length > 0;
    const policyEffects = findPolicyEffects(gateways, hierarchy, {
      attachments,
      hasPolicies,
      defects: this.#defects,
    });
    const judged = {
      proxyConfigs,
      classes: this.#classes,
      gateways,
      routes,
      attachments,
      policies,
      backends,
    };
    return { snapshot, index, ...judged, hierarchy, policyEffects };
  }

  #judgeClasses(snapshot: ResourceSnapshot): void {
    const before = this.#snapshot;
    const isSame = before?.proxyConfigs === snapshot.proxyConfigs;
    if (!isSame) this.#proxyConfigs = judgeProxyConfigs(snapshot.proxyConfigs);
    if (isSame && before.gatewayClasses === snapshot.gatewayClasses) return;
    const classes = judgeClasses(snapshot, this.#options, {
      configs: this.#proxyConfigs,
      defects: this.#defects,
    });
    this.#classes = reuseIfSameItems(this.#classes, reuseNodes(this.#classes, classes));
  }
}

/** The snapshot with the lists of the one before in the place of those that hold the same objects. */
function withListsOf(before: ResourceSnapshot | null, snapshot: ResourceSnapshot): ResourceSnapshot {
  if (before === null) return snapshot;
  const known = before as unknown as Readonly<Record<string, readonly object[] | undefined>>;
  const lists = Object.entries(snapshot as unknown as Readonly<Record<string, readonly object[]>>).map(
    ([name, list]) => [name, reuseIfSameItems(known[name] ?? [], list)] as const,
  );
  return Object.fromEntries(lists) as unknown as ResourceSnapshot;
}
