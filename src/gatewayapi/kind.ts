/** What Sluice must know about a kind to read its objects and write their status. */
import { GATEWAY_GROUP, SLUICE_GROUP } from './ref.ts';

/** Names the type of a status; see `StatusBodies`. */
export type StatusShape =
  'gatewayClass' | 'gateway' | 'listenerSet' | 'route' | 'policy' | 'backend' | 'conditions';

export interface Kind {
  readonly kind: string;
  /** `` for the core group. */
  readonly group: string;
  /** The name in paths of the API server and in RBAC rules. */
  readonly plural: string;
  /**
   * The versions that Sluice reads, the preferred one first. Objects are converted to the preferred version, which is the one that their
   * TypeScript type describes.
   */
  readonly versions: readonly [string, ...string[]];
  readonly namespaced: boolean;
  /** Who defines it. Kinds of the Gateway API and of Sluice are CRDs: any of them may be missing, or served at other versions. */
  readonly definedBy: 'kubernetes' | 'gateway-api' | 'sluice';
  /** `watched`: every object. `referenced`: the metadata of all objects, and the content of those that another object refers to. */
  readonly read: 'watched' | 'referenced';
  /** Objects that this selector excludes are not read. */
  readonly fieldSelector?: string;
  /** Objects of `referenced` kinds that its objects refer to are read. */
  readonly followReferences: boolean;
  /** null: Sluice writes no status. */
  readonly status: StatusShape | null;
}

/** Kinds by the name of their list in a snapshot. */
export type KindTable = Readonly<Record<string, Kind>>;

/** Whether a CustomResourceDefinition defines it. */
export const isCustom = ({ definedBy }: Pick<Kind, 'definedBy'>): boolean => definedBy !== 'kubernetes';

const WATCHED = { namespaced: true, read: 'watched', followReferences: false, status: null } as const;

/** What most rows of the table have in common. */
export const GATEWAY_API = {
  ...WATCHED,
  group: GATEWAY_GROUP,
  versions: ['v1'],
  definedBy: 'gateway-api',
} as const satisfies Partial<Kind>;

export const SLUICE = {
  ...WATCHED,
  group: SLUICE_GROUP,
  versions: ['v1alpha1'],
  definedBy: 'sluice',
} as const satisfies Partial<Kind>;

export const KUBERNETES = {
  ...WATCHED,
  group: '',
  versions: ['v1'],
  definedBy: 'kubernetes',
} as const satisfies Partial<Kind>;

/** A policy with `status.ancestors`. */
export const POLICY = { status: 'policy' } as const satisfies Partial<Kind>;
