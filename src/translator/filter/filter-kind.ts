/** What the translator knows about one type of filter. A new type is one file beside this one and one entry in `filter-kinds.ts`. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import type { Filter } from '../../ir/filter.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Origin } from '../../ir/origin.ts';
import type { Fault } from '../faults/fault.ts';
import type { Traffic } from '../graph/backend.ts';
import type { BackendObjectRef, FilterSpec } from '../graph/route-adapter.ts';

/** `Settings`: the type of the filter's field that holds its settings. */
export interface FilterKind<Settings extends object = object> {
  /** Value of the filter's field `type`. */
  readonly type: string;
  /** Name of the filter's field that holds its settings. */
  readonly field: string;
  /** A rule or backendRef may have several filters of this type. */
  readonly isRepeatable?: true;
  /** Types that a rule or backendRef cannot have together with this one. */
  readonly incompatibleWith?: readonly string[];
  /** It responds to every request itself, so its rule cannot have backendRefs. */
  readonly answersRequests?: true;
  /** It also acts on the 500 of a rule or backend that cannot be served. A filter of such a type has no backend. */
  readonly actsOnFailures?: true;
  /** The backend that the filter itself sends requests to; absent when it sends none. */
  readonly backend?: FilterBackend<Settings>;
  /**
   * The object that the filter refers to, for a type without settings of its own. Where it is a policy, the filter attaches that;
   * otherwise it is the filter that the object configures.
   */
  refersTo?(settings: Settings, place: FilterPlace): ObjectRef;
  /** What is wrong with the settings as written. With any fault the rule is invalid. */
  validate?(settings: Settings, place: FilterPlace): readonly Fault[];
  /** Why valid settings cannot be served. With any fault, the rule or backend responds with 500. */
  unserved?(settings: Settings, place: FilterPlace): readonly Fault[];
  /**
   * The filter of the data plane; null if it cannot be lowered: the rule or backend then responds with 500. `target` is null for a
   * type without a backend.
   */
  lower(settings: Settings, target: FilterTarget | null): Filter | null;
}

export interface FilterBackend<Settings extends object> {
  /** A filter whose backend cannot be used is omitted; otherwise its rule or backend responds with 500. */
  readonly isOptional: boolean;
  reference(settings: Settings, place: FilterPlace): FilterReference;
}

/** The field `backendRef` of the settings, and the traffic that it receives. */
export interface FilterReference {
  readonly ref: BackendObjectRef;
  readonly traffic: Traffic;
}

/** Where a filter is written. */
export interface FilterPlace {
  /** Field path of its settings. */
  readonly path: string;
  /** The route. */
  readonly from: Referrer;
  /** Every match of the rule is a path prefix, as ReplacePrefixMatch requires. */
  readonly allPrefixes: boolean;
  /** The regular expressions for paths of the rule's matches; null where a match has another type. */
  readonly pathPatterns: readonly string[] | null;
  /** The list that the filter is in. */
  readonly beside: readonly FilterSpec[];
}

/** The resolved backend of a filter. */
export interface FilterTarget {
  readonly cluster: ClusterId;
  readonly origin: Origin;
}

/** By `type`. */
export type FilterKinds = ReadonlyMap<string, FilterKind>;
