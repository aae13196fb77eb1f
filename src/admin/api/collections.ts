/** The lists under `/api/v1/`. */
import { compareText } from '../../lib/compare.ts';
import type { GatewayView } from '../view/view.ts';
import type { ChangeItem, GatewayItem } from './resources.ts';

interface Item {
  readonly id: string;
}

export interface Collection {
  /** Name of the item's type in resources.ts. */
  readonly type: string;
  readonly text: string;
  /** In the order of the list. */
  readonly items: (view: GatewayView) => readonly Item[];
  /** By query parameter: the values of an item. An item matches if one of them is requested. */
  readonly filters: Readonly<Record<string, (item: never) => readonly string[]>>;
  /** Whether an item follows the one with this id, which may no longer exist. */
  readonly follows?: (item: never, id: string) => boolean;
}

const namespace = ({ namespace: own }: { readonly namespace: string }): readonly string[] => [own];
const kind = ({ kind: own }: { readonly kind: string }): readonly string[] => [own];
const gateway = ({ gateway: own }: { readonly gateway: string | null }): readonly string[] =>
  own === null ? [] : [own];
const gateways = ({ gateways: all }: { readonly gateways: readonly string[] }): readonly string[] => all;

export const COLLECTIONS = {
  gateways: {
    type: 'GatewayItem',
    text: 'Gateways of the classes that Sluice serves.',
    items: ({ lists }) => lists.gateways,
    filters: { namespace, gateway: ({ id }: GatewayItem) => [id] },
  },
  listeners: {
    type: 'ListenerItem',
    text: 'Listeners of Gateways and of ListenerSets.',
    items: ({ lists }) => lists.listeners,
    filters: { namespace, gateway },
  },
  routes: {
    type: 'RouteItem',
    text: 'Routes of every kind, with rules, matches and backends.',
    items: ({ lists }) => lists.routes,
    filters: { namespace, gateway: gateways, kind },
  },
  attachments: {
    type: 'AttachmentItem',
    text: 'Parents of each route, and the listeners that serve it.',
    items: ({ lists }) => lists.attachments,
    filters: {
      namespace,
      gateway,
      route: ({ route }: { readonly route: string }) => [route],
    },
  },
  policies: {
    type: 'PolicyItem',
    text: 'Policies with their targets, and where each of their fields applies.',
    items: ({ lists }) => lists.policies,
    filters: { namespace, kind },
  },
  objects: {
    type: 'ObjectItem',
    text: 'All objects with a status, including GatewayClasses and ProxyConfigs.',
    items: ({ lists }) => lists.objects,
    filters: { namespace, kind },
  },
  findings: {
    type: 'FindingItem',
    text: 'Findings about the current objects, as in `sluice check`.',
    items: ({ lists }) => lists.findings,
    filters: {
      namespace,
      severity: ({ severity }: { readonly severity: string }) => [severity],
      code: ({ code }: { readonly code: string }) => [code],
    },
  },
  backends: {
    type: 'BackendItem',
    text: 'Backends of rules, with endpoints and their health.',
    items: ({ lists }) => lists.backends,
    filters: { namespace, gateway: gateways },
  },
  proxies: {
    type: 'ProxyItem',
    text: 'Proxies of each Gateway: what they serve, the ports they have bound, what they rejected.',
    items: ({ lists }) => lists.proxies,
    filters: { namespace, gateway },
  },
  certificates: {
    type: 'CertificateItem',
    text: 'Certificates in use: names, expiry, and the listeners and backends that use them.',
    items: ({ lists }) => lists.certificates,
    filters: { namespace, gateway: gateways },
  },
  changes: {
    type: 'ChangeItem',
    text: 'The 256 most recent changes, newest first.',
    items: ({ changes }) => changes,
    filters: {
      namespace: ({ objects }: ChangeItem) => objects.map((object) => object.namespace),
      kind: ({ objects }: ChangeItem) => objects.map((object) => object.kind),
    },
    follows: ({ revision }: ChangeItem, id: string) => revision < Number(id),
  },
} as const satisfies Readonly<Record<string, Collection>>;

export type CollectionName = keyof typeof COLLECTIONS;

export const isCollection = (name: string): name is CollectionName => Object.hasOwn(COLLECTIONS, name);

/** A page of a list. */
export interface Page {
  readonly items: readonly Item[];
  readonly total: number;
  /** Id of the last item; null when no page follows. */
  readonly last: string | null;
}

export interface PageQuery {
  /** By name of the filter. */
  readonly filters: ReadonlyMap<string, string>;
  /** Id of the item that the page follows; null = the first page. */
  readonly after: string | null;
  readonly limit: number;
}

const byId = (item: Item, id: string): boolean => compareText(item.id, id) > 0;

export function pageOf(name: CollectionName, view: GatewayView, { filters, after, limit }: PageQuery): Page {
  const collection: Collection = COLLECTIONS[name];
  const tests = [...filters].map(([filter, wanted]) => ({ valuesOf: collection.filters[filter], wanted }));
  const matching = collection
    .items(view)
    .filter((item) =>
      tests.every(({ valuesOf, wanted }) => valuesOf?.(item as never).includes(wanted) === true),
    );
  const follows = (collection.follows ?? byId) as typeof byId;
  const start = after === null ? 0 : matching.findIndex((item) => follows(item, after));
  const items = start < 0 ? [] : matching.slice(start, start + limit);
  const isLast = start < 0 || start + limit >= matching.length;
  return { items, total: matching.length, last: isLast ? null : (items.at(-1)?.id ?? null) };
}
