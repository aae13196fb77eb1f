/** Lowers upstreams of the graph to clusters, endpoints and TLS identities of the data plane. */
import type { EndpointSlice, EndpointSliceEndpoint } from '../../gatewayapi/core-kinds.ts';
import type { Cluster, Endpoint, EndpointSet } from '../../ir/cluster.ts';
import { clusterId, type CertificateId, type ClusterId } from '../../ir/ids.ts';
import type { Origin } from '../../ir/origin.ts';
import type { ClusterPolicy } from '../../ir/policy.ts';
import { compareText } from '../../lib/compare.ts';
import { formatIp, parseIp } from '../../lib/ip-address.ts';
import type { FilterTarget } from '../filter/filter-kind.ts';
import type { TargetOf } from '../filter/lower-filters.ts';
import type { Upstream } from '../graph/nodes.ts';
import type { Pool } from '../policy/members.ts';

/** One rule's use of an upstream: one route may use plain text and another TLS. */
export interface ClusterUse {
  readonly id: ClusterId;
  readonly upstream: Upstream;
  readonly encrypted: boolean;
  readonly policy: ClusterPolicy;
}

function useCluster(upstream: Upstream, encrypted: boolean, pool: Pool): ClusterUse {
  const { ref, port, protocol } = upstream;
  const parts = [ref.kind, ref.namespace, ref.name, port, protocol, ...(encrypted ? ['tls'] : [])];
  return { id: clusterId(parts.join('/') + pool.suffix), upstream, encrypted, policy: pool.policy };
}

/** Collects the clusters that one rule or listener uses. */
export class ClusterUses {
  readonly all: ClusterUse[] = [];
  readonly #poolOf: (upstream: Upstream) => Pool;

  constructor(poolOf: (upstream: Upstream) => Pool) {
    this.#poolOf = poolOf;
  }

  /** Over TLS where the upstream has settings for it. */
  readonly targetOf: TargetOf = (upstream) => this.target(upstream, upstream.tls !== null);

  target(upstream: Upstream, encrypted: boolean): FilterTarget {
    const use = useCluster(upstream, encrypted, this.#poolOf(upstream));
    this.all.push(use);
    return { cluster: use.id, origin: originOf(upstream) };
  }
}

function originOf(upstream: Upstream): Origin {
  const { kind, namespace, name } = upstream.ref;
  return { kind, namespace, name, section: upstream.portName || String(upstream.port) };
}

/** `clientCertificate`: the Gateway's, for upstreams without their own. */
export function lowerCluster(use: ClusterUse, clientCertificate: CertificateId | null): Cluster {
  const { upstream } = use;
  const tls = use.encrypted && upstream.tls?.ok === true ? upstream.tls.value : null;
  return {
    id: use.id,
    origin: originOf(upstream),
    protocol: upstream.protocol,
    tls:
      tls === null
        ? null
        : {
            hostname: tls.hostname,
            caPem: tls.caPem,
            subjectAltNames: tls.subjectAltNames,
            clientCertificate: tls.clientCertificate?.id ?? clientCertificate,
          },
    discovery: upstream.discovery,
    policy: use.policy,
  };
}

/** Endpoints of a Service port, merged from all its slices without duplicate addresses. */
export function lowerEndpoints(
  { id, protocol, portName }: Pick<Upstream, 'protocol' | 'portName'> & { readonly id: ClusterId },
  slices: readonly EndpointSlice[],
): EndpointSet {
  const transport = protocol === 'udp' ? 'UDP' : 'TCP';
  const endpoints = new Map<string, Endpoint>();
  for (const slice of slices) {
    // FQDN slices are deprecated and have no agreed meaning.
    if (slice.addressType === 'FQDN') continue;
    const port = (slice.ports ?? []).find(
      (one) => (one.name ?? '') === portName && (one.protocol ?? 'TCP') === transport,
    )?.port;
    if (port === undefined || port === null) continue;
    for (const endpoint of slice.endpoints ?? []) {
      const state = stateOf(endpoint);
      if (state === null) continue;
      for (const raw of endpoint.addresses) addEndpoint(endpoints, { raw, port, state, endpoint });
    }
  }
  const sorted = [...endpoints].sort(([a], [b]) => compareText(a, b)).map(([, endpoint]) => endpoint);
  return { cluster: id, endpoints: sorted };
}

function addEndpoint(
  into: Map<string, Endpoint>,
  found: {
    readonly raw: string;
    readonly port: number;
    readonly state: Endpoint['state'];
    readonly endpoint: EndpointSliceEndpoint;
  },
): void {
  const bytes = parseIp(found.raw);
  if (bytes === null) return;
  const address = formatIp(bytes);
  const key = `${address} ${found.port}`;
  const known = into.get(key);
  // An endpoint that moves between slices may be listed twice: use the better condition.
  if (known?.state === 'ready' || (known !== undefined && found.state === 'draining')) return;
  const { zone = null } = found.endpoint;
  into.set(key, { address, port: found.port, state: found.state, zone, ...hintsOf(found.endpoint) });
}

function hintsOf({ hints }: EndpointSliceEndpoint): Pick<Endpoint, 'hints'> {
  const zones = (hints?.forZones ?? []).map(({ name }) => name);
  const nodes = (hints?.forNodes ?? []).map(({ name }) => name);
  return zones.length + nodes.length === 0 ? {} : { hints: { zones, nodes } };
}

/**
 * `ready` already accounts for termination, and for Services that publish unready addresses. Absent conditions are the
 * API's "unknown", to be read as ready (EndpointConditions, KEP-1672).
 */
function stateOf({ conditions }: EndpointSliceEndpoint): Endpoint['state'] | null {
  const ready = conditions?.ready ?? true;
  if (ready) return 'ready';
  const serving = conditions?.serving ?? ready;
  return serving && conditions?.terminating === true ? 'draining' : null;
}
