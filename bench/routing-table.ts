/**
 * What every proxy of a comparison serves: the same hosts, the same rules in the same order, one backend.
 * Each peer renders it in its own configuration language.
 */

export interface TableRule {
  readonly path: { readonly kind: 'exact' | 'prefix'; readonly value: string };
  readonly header?: { readonly name: string; readonly value: string };
  readonly query?: { readonly name: string; readonly value: string };
}

export interface RoutingTable {
  /** `*` = any host. */
  readonly hosts: readonly string[];
  /** Of every host; the first that holds wins, and the last catches all. */
  readonly rules: readonly TableRule[];
}

/** One host, one rule. */
export const CATCH_ALL: RoutingTable = { hosts: ['*'], rules: [{ path: { kind: 'prefix', value: '/' } }] };

export const hostName = (index: number): string => `h${index}.example.com`;

/** 1,000 hosts with five rules each: exact path, prefix with header, prefix with query, prefix, all. */
export const THOUSAND_HOSTS: RoutingTable = {
  hosts: Array.from({ length: 1000 }, (_, index) => hostName(index)),
  rules: [
    { path: { kind: 'exact', value: '/healthz' } },
    { path: { kind: 'prefix', value: '/api/v1' }, header: { name: 'x-env', value: 'canary' } },
    { path: { kind: 'prefix', value: '/api/v1' }, query: { name: 'ver', value: '2' } },
    { path: { kind: 'prefix', value: '/api/v1' } },
    { path: { kind: 'prefix', value: '/' } },
  ],
};
