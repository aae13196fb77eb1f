/** The settings of policies, and how policies for different targets are combined. Kinds that share one `PolicySettings` are combined with each other. */
import type { EffectiveSetting, Origin } from '../../ir/origin.ts';
import type { PolicyLevel } from '../../ir/policy-value.ts';
import type { ClusterPolicy, RequestPolicy } from '../../ir/policy.ts';
import type { RouteNode, RuleNode, Upstream, UpstreamProtocol } from '../graph/nodes.ts';
import type { SessionNode } from '../graph/session.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { Unit } from '../measures.ts';
import type { PolicyKind } from './policy-kind.ts';

export type PolicySettings<Settings extends object = object> =
  OverridingSettings<Settings> | AddingSettings<Settings>;

/** Parts of the data plane's configuration that carry settings. Rules and backends of layer 4 only of settings with `layer4`. */
export type PolicyCarrier = 'port' | 'listener' | 'rule' | 'backend';

interface AnySettings {
  /** The `kind` of their values in the data plane's configuration (`PolicyValue`). */
  readonly name: string;
  readonly carriers: readonly PolicyCarrier[];
  /** The settings apply to TCPRoutes, TLSRoutes and UDPRoutes as well. */
  readonly layer4?: true;
  /** The settings also apply to the 500 of a rule that cannot be served. */
  readonly actsOnFailures?: true;
  /** By path below `spec`, in the order of the schema. A list is one field. Fields that always apply may be left out. */
  readonly fields: Readonly<Record<string, SettingField>>;
  /** A block with one value for all backends of a rule: that of the first backend that has any (GEP-1619). */
  readonly ruleWideBlock?: string;
  /** Settings of objects other than policies; weaker than every policy. */
  layersOfUpstream?(upstream: Upstream): readonly PolicyLayer[];
  /** Settings of the route's rule itself; stronger than every policy. */
  layersOfRule?(route: RouteNode, rule: RuleNode): readonly PolicyLayer[];
  /** Every setting that applies to requests to a backend, with its origin; absent: what policies set. `layers` by index of the backend. */
  describe?(
    layers: readonly (readonly PolicyLayer[])[],
    backend: DescribedBackend,
  ): readonly EffectiveSetting[];
}

/** A closer policy overrides a farther one field by field. */
export interface OverridingSettings<Settings extends object> extends AnySettings {
  readonly merge: 'override-fields';
  /** The value that the carriers get; null: none. Absent: the settings are lowered to `members` alone. */
  lower?(settings: Settings): object | null;
  readonly members?: MemberLowering<Settings>;
}

/**
 * Lowers settings to members that clusters, rules and backends have in the configuration, besides the values that they carry. Settings
 * may leave out members, which then keep their defaults.
 */
export interface MemberLowering<Settings extends object = object> {
  /** Of the pool of connections to an upstream. `host`: the `Host` of requests that the proxy itself sends to it. */
  pool?(settings: Settings, host: string): Partial<ClusterPolicy>;
  /** Of the attempts of requests of a rule, or to one of its backends. */
  requests?(settings: Settings): Partial<RequestPolicy>;
  /** The sessions of requests to a backend; null: none. */
  session?(settings: Settings): SessionNode | null;
}

/** Policies of all levels count: a closer one does not replace a farther one, unless the farther one allows it. */
export interface AddingSettings<Settings extends object> extends AnySettings {
  readonly merge: 'add-up';
  itemsOf(settings: Settings): readonly PolicyItem[];
  /**
   * The value that the carriers get from the items that apply, of the farthest policy first; there is at least one. A backend is governed
   * by the items of its rule as well.
   */
  lower(items: readonly AppliedItem[], carrier: PolicyCarrier): object | null;
  /** Why a policy with these settings closes layer-4 traffic that it applies to; null: it does not. Only with `layer4`. */
  problemOnLayer4?(settings: Settings): string | null;
}

/** An item that applies, with the policy that it comes from. */
export interface AppliedItem {
  readonly value: object;
  readonly policy: Origin;
  readonly level: PolicyLevel;
}

/** One thing that a policy adds. */
export interface PolicyItem {
  /** Of the field below `spec`. */
  readonly path: string;
  /** Items of one name are alternatives; see `precedence`. */
  readonly name: string;
  /**
   * `Override`: it applies, whatever policies below its target say. `Default`: the closest item of the same name replaces it; of two at
   * one place, that of the older policy.
   */
  readonly precedence: 'Override' | 'Default';
  /**
   * An exemption: a `Default` that takes the place of farther ones and adds nothing. It has no effect where an `Override` of the same
   * name governs the traffic as well.
   */
  readonly isExemption?: true;
  readonly value: object;
}

export interface SettingField {
  readonly unit: Unit | 'plain';
  /** The default, as a user would write it. */
  readonly fallback: string;
  /** The backends that the field applies to, by protocol; empty: not supported. */
  readonly protocols: readonly UpstreamProtocol[];
  /** The field has no effect unless this other field has this value. */
  readonly needs?: { readonly field: string; readonly value: string };
}

/** What one object sets at one place. */
export interface SettingsLayer<Settings extends object = object> {
  /** A policy, a Service, or the route itself. */
  readonly source: ObjectRef;
  /** The target or section that it is attached to; for the same target, the oldest policy is the strongest. */
  readonly place: string;
  readonly spec: Settings;
  /** `spec` as the user wrote it, such as the text of a duration: for explanations. */
  readonly written: object;
  /** Blocks to which weaker layers contribute nothing. */
  readonly whole?: readonly string[];
}

export interface PolicyLayer<Settings extends object = object> extends SettingsLayer<Settings> {
  readonly settings: PolicySettings;
  readonly level: PolicyLevel;
  /** Of the policy; null: `source` is not a policy. */
  readonly kind: PolicyKind | null;
  /** Why the policy closes its targets; null: it does not. */
  readonly closed: string | null;
}

/** A backend of a rule. */
export interface DescribedBackend {
  readonly index: number;
  /** In the `Host` of checks over HTTP; null when there are none. */
  readonly checkHost: string | null;
  readonly protocol: UpstreamProtocol;
}
