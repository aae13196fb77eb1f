/** Resolves references to backends: Service ports and XBackends, with the protocols they support. */
import type { Service, ServicePort } from '../../gatewayapi/core-kinds.ts';
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import type { XBackend } from '../../gatewayapi/generated/types.ts';
import { CORE_GROUP, EXPERIMENTAL_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import {
  backendKindUnsupported,
  backendNotFound,
  backendPortMissing,
  backendPortNotFound,
  backendProtocolUnsupported,
  backendTlsRequired,
  backendTlsUnmet,
  refNotPermitted,
} from '../faults/reference-faults.ts';
import { resolveTrust } from './backend-trust.ts';
import { resolveCertificate } from './certificate.ts';
import { externalBackendFault } from './external-backend.ts';
import type { Upstream, UpstreamProtocol, UpstreamTlsNode, XBackendNode } from './nodes.ts';
import { byName, reuseNodes, keyOf, refOf } from './object-key.ts';
import type { PolicyContext } from '../policy/policies.ts';
import { isValid, type PolicyNode } from '../policy/policy-kind.ts';
import type { BackendNodes, Sources } from './reads.ts';
import type { BackendObjectRef } from './route-adapter.ts';
import type { Lookup } from './snapshot-index.ts';

/** The traffic of a route: with the backend's own settings, it determines the protocol. */
export type Traffic = 'HTTP' | 'gRPC' | 'TLS' | 'TCP' | 'UDP';

export interface BackendContext {
  /** Every backend that was found, for the status of policies, including those whose TLS settings cannot be applied. */
  readonly found: Upstream[];
  readonly lookup: Lookup;
  readonly policies: Sources['policies'];
  readonly backends: BackendNodes;
  /** See `TranslateOptions.externalBackends`. */
  readonly externalBackends: boolean;
}

/** One reference to follow. */
export interface BackendQuery {
  readonly from: Referrer;
  readonly ref: BackendObjectRef;
  readonly traffic: Traffic;
  readonly path: string;
}

export function backendRefOf(ref: BackendObjectRef, namespace: string): ObjectRef {
  return {
    group: ref.group ?? CORE_GROUP,
    kind: ref.kind ?? 'Service',
    namespace: ref.namespace ?? namespace,
    name: ref.name,
  };
}

export function resolveBackend(context: BackendContext, query: BackendQuery): Result<Upstream, Fault> {
  const target = backendRefOf(query.ref, query.from.namespace);
  const isService = target.group === CORE_GROUP && target.kind === 'Service';
  const isXBackend = target.group === EXPERIMENTAL_GROUP && target.kind === 'XBackend';
  if (!isService && !isXBackend) return failure(backendKindUnsupported(query.path, target));
  if (!context.lookup.granted(query.from, target)) {
    return failure(refNotPermitted(query.path, query.from, target));
  }
  const fault = externalBackendFault(context, query, target);
  if (fault !== null) return failure(fault);
  return isService ? resolveService(context, query, target) : resolveXBackend(context, query, target);
}

function resolveService(
  context: BackendContext,
  query: BackendQuery,
  target: ObjectRef,
): Result<Upstream, Fault> {
  const service = context.lookup.service(target.namespace, target.name);
  if (service === undefined) return failure(backendNotFound(query.path, target));
  if (query.ref.port === undefined) return failure(backendPortMissing(query.path, target));
  const port = findPort(service, query.ref.port, query.traffic);
  if (port === null) {
    const offered = [...new Set((service.spec?.ports ?? []).map((one) => one.port))];
    return failure(backendPortNotFound(query.path, target, query.ref.port, offered));
  }
  const transport = port.protocol ?? 'TCP';
  if (transport !== (query.traffic === 'UDP' ? 'UDP' : 'TCP')) {
    return failure(backendProtocolUnsupported(query.path, target, transport, query.traffic));
  }
  const policies = context.policies.governing(target, port.name ?? '');
  const tlsPolicy = policies.find(({ kind }) => kind.upstreamTls !== undefined);
  const protocol = protocolOfService(port, query, { target, encrypted: tlsPolicy !== undefined });
  if (!protocol.ok) return protocol;
  return finish(context, query, {
    ref: target,
    port: port.port,
    portName: port.name ?? '',
    protocol: protocol.value,
    discovery: discoveryOf(service, port.port),
    tls: tlsPolicy === undefined || query.traffic === 'UDP' ? null : tlsOf(tlsPolicy, query.path, target),
    policies,
    prefersLocal: prefersLocal(service),
  });
}

/** A failure if the policy cannot be applied: it closes its target. */
function tlsOf(policy: PolicyNode, path: string, target: ObjectRef): Result<UpstreamTlsNode, Fault> {
  const { kind, settings, ref } = policy;
  const tls = isValid(policy) && settings !== null ? kind.upstreamTls?.(settings) : undefined;
  return tls === undefined ? failure(backendTlsUnmet(path, target, ref)) : success(tls);
}

/** The port with that number; if TCP and UDP share the number, the one of the wanted transport. */
function findPort(service: Service, number: number, traffic: Traffic): ServicePort | null {
  const sameNumber = (service.spec?.ports ?? []).filter((port) => port.port === number);
  const wanted = traffic === 'UDP' ? 'UDP' : 'TCP';
  const found = sameNumber.find((port) => (port.protocol ?? 'TCP') === wanted) ?? sameNumber[0];
  if (found !== undefined) return found;
  // An ExternalName Service need not list ports: any port of the host can be used.
  const listsNone = (service.spec?.ports ?? []).length === 0;
  return service.spec?.type === 'ExternalName' && listsNone ? { port: number, protocol: wanted } : null;
}

function discoveryOf(service: Service, port: number): Upstream['discovery'] {
  return service.spec?.type === 'ExternalName'
    ? { kind: 'dns', hostname: (service.spec.externalName ?? '').replace(/\.$/, ''), port }
    : { kind: 'endpoints' };
}

/** For every value: a proxy does not know nodes, and the same zone is the closest to the same node (KEP-3015). */
const prefersLocal = ({ spec }: Service): boolean => spec?.trafficDistribution !== undefined;

/** HTTP and gRPC need TLS if the backend requires it; for layer 4 it depends on the listener, which is not known yet. */
function finish(context: BackendContext, query: BackendQuery, upstream: Upstream): Result<Upstream, Fault> {
  context.found.push(upstream);
  return isLayer7(query.traffic) && upstream.tls?.ok === false ? upstream.tls : success(upstream);
}

const isLayer7 = (traffic: Traffic): boolean => traffic === 'HTTP' || traffic === 'gRPC';

/** appProtocol values that mean HTTP/2: the standard one (KEP-3726), and names in wide use. */
const HTTP2_APP_PROTOCOLS = new Set(['kubernetes.io/h2c', 'h2c', 'grpc']);

/** GEP-1911. Other values are ignored. */
function protocolOfService(
  port: ServicePort,
  query: BackendQuery,
  about: { readonly target: ObjectRef; readonly encrypted: boolean },
): Result<UpstreamProtocol, Fault> {
  const appProtocol = (port.appProtocol ?? '').toLowerCase();
  const refuse = (): Result<never, Fault> =>
    failure(backendProtocolUnsupported(query.path, about.target, appProtocol, query.traffic));
  switch (query.traffic) {
    case 'HTTP':
      if (HTTP2_APP_PROTOCOLS.has(appProtocol)) return success('h2');
      return appProtocol === 'kubernetes.io/wss' && !about.encrypted
        ? failure(backendTlsRequired(query.path, about.target, appProtocol))
        : success('http1');
    case 'gRPC':
      return appProtocol === 'kubernetes.io/ws' || appProtocol === 'kubernetes.io/wss'
        ? refuse()
        : success('h2');
    case 'TLS':
    case 'TCP':
      return success('tcp');
    case 'UDP':
      return success('udp');
  }
}

function resolveXBackend(
  context: BackendContext,
  query: BackendQuery,
  target: ObjectRef,
): Result<Upstream, Fault> {
  const node = context.backends.get(namespacedName(target.namespace, target.name));
  if (node === undefined) return failure(backendNotFound(query.path, target));
  const { externalHostname, port } = node.object.spec;
  if (query.ref.port !== undefined && query.ref.port !== port.port) {
    return failure(backendPortNotFound(query.path, target, query.ref.port, [port.port]));
  }
  const protocol = protocolOfXBackend(node.object, query.traffic);
  if (protocol === null || externalHostname === undefined) {
    const spoken = node.object.spec.protocol ?? 'TCP';
    return failure(backendProtocolUnsupported(query.path, target, spoken, query.traffic));
  }
  return finish(context, query, {
    ref: target,
    port: port.port,
    portName: port.name ?? '',
    protocol,
    discovery: { kind: 'dns', hostname: externalHostname.hostname, port: port.port },
    tls: node.tls?.ok === false ? failure(backendTlsUnmet(query.path, target)) : node.tls,
    policies: context.policies.governing(target, port.name ?? ''),
    prefersLocal: false,
  });
}

/** BackendProtocol; null if it cannot carry the traffic. */
function protocolOfXBackend(backend: XBackend, traffic: Traffic): UpstreamProtocol | null {
  const protocol = backend.spec.protocol;
  switch (traffic) {
    case 'HTTP':
      if (protocol === 'TCP') return null;
      return protocol === 'HTTP2' || protocol === 'H2C' ? 'h2' : 'http1';
    case 'gRPC':
      return protocol === 'TCP' || protocol === 'HTTP11' || protocol === 'MCP' ? null : 'h2';
    case 'TLS':
    case 'TCP':
      return 'tcp';
    case 'UDP':
      return null;
  }
}

/** XBackends by `namespace/name`. Nodes that are equal to those of `before` are reused. */
export function readXBackends(
  snapshot: ResourceSnapshot,
  context: PolicyContext,
  before: ReadonlyMap<string, XBackendNode> | null,
): ReadonlyMap<string, XBackendNode> {
  const nodes = snapshot.backends.toSorted(byName).map((object) =>
    contain(
      () => readXBackend(object, context),
      (error) => closedXBackend(object, [internalError('', error, 'Invalid')]),
    ),
  );
  return new Map(reuseNodes(before?.values() ?? [], nodes).map((node) => [keyOf(node.object), node]));
}

/** Connections to it fail, like those whose TLS settings cannot be applied. */
function closedXBackend(object: XBackend, faults: readonly [Fault, ...Fault[]]): XBackendNode {
  return { object, ref: refOf(object, EXPERIMENTAL_GROUP), tls: failure(faults[0]), faults };
}

function readXBackend(object: XBackend, { lookup, options }: PolicyContext): XBackendNode {
  const ref = refOf(object, EXPERIMENTAL_GROUP);
  const [violation, ...others] = schemaFaults(object, 'Invalid');
  if (violation !== undefined) return closedXBackend(object, [violation, ...others]);
  const tls = object.spec.tls;
  if (tls === undefined || tls.mode === 'None') return { object, ref, tls: null, faults: [] };
  const context = { lookup, options, from: ref };
  const trust = resolveTrust(
    context,
    tls.validation ?? {
      hostname: object.spec.externalHostname?.hostname ?? '',
      wellKnownCACertificates: 'System',
    },
    'spec.tls.validation',
  );
  const faults = [...trust.acceptedFaults, ...trust.resolvedFaults];
  let settings: UpstreamTlsNode | null = trust.tls;
  if (tls.mode === 'ClientAndServer' && tls.clientCertificateRef !== undefined) {
    const at = { path: 'spec.tls.clientCertificateRef', reason: 'InvalidClientCertificateRef' as const };
    const certificate = resolveCertificate(context, tls.clientCertificateRef, at);
    if (!certificate.ok) faults.push(certificate.failure);
    else if (settings !== null) settings = { ...settings, clientCertificate: certificate.value };
    if (!certificate.ok) settings = null;
  }
  const first = faults[0];
  if (settings !== null || first === undefined) {
    return { object, ref, tls: settings === null ? null : success(settings), faults };
  }
  return { object, ref, tls: failure(first), faults };
}
