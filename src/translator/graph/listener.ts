/** Validates one listener of a Gateway or ListenerSet by itself; listener-conflict.ts finds conflicts with others. */
import type { Gateway, GatewayListener } from '../../gatewayapi/generated/types.ts';
import { GATEWAY_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { listenerId } from '../../ir/ids.ts';
import type { ClientValidation } from '../../ir/tls.ts';
import type { Fault } from '../faults/fault.ts';
import {
  noValidCaCertificate,
  protocolUnsupported,
  routeKindUnsupported,
  selectorUnusable,
} from '../faults/gateway-faults.ts';
import { certificateRefsMissing } from '../faults/reference-faults.ts';
import type { TranslateOptions } from '../types.ts';
import { resolveCaBundle, resolveCertificate, type CertificateNode } from './certificate.ts';
import { unknownOperator } from './label-selector.ts';
import type { ListenerNode, ProtocolFamily } from './nodes.ts';
import type { Lookup } from './snapshot-index.ts';
import { readTlsOptions } from './tls-options.ts';

/** The object that carries a listener, and the Gateway whose TLS settings apply to it. */
export interface ListenerOwner {
  readonly ref: ObjectRef;
  readonly gateway: Gateway;
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
}

const PROTOCOL_FAMILIES: Readonly<Record<string, ProtocolFamily>> = {
  HTTP: 'http',
  HTTPS: 'tls',
  TLS: 'tls',
  TCP: 'tcp',
  UDP: 'udp',
};

/** Route kinds that a listener of this protocol can take (the table of the TLS guide and Listener.protocol). */
function kindsOf(protocol: string, terminatesTls: boolean): readonly RouteKind[] {
  switch (protocol) {
    case 'HTTP':
    case 'HTTPS':
      return ['HTTPRoute', 'GRPCRoute'];
    case 'TLS':
      return terminatesTls ? ['TLSRoute', 'TCPRoute'] : ['TLSRoute'];
    case 'TCP':
      return ['TCPRoute'];
    case 'UDP':
      return ['UDPRoute'];
    default:
      return [];
  }
}

/** A listener that has not been compared with others. */
export type ListenerDraft = Omit<ListenerNode, 'conflict' | 'overlap'>;

/** Reads `spec.listeners[index]` of `owner`. */
export function readListener(owner: ListenerOwner, spec: GatewayListener, index: number): ListenerDraft {
  const path = `spec.listeners[${index}]`;
  const protocolFamily = PROTOCOL_FAMILIES[spec.protocol] ?? null;
  const terminatesTls =
    protocolFamily === 'tls' && (spec.protocol === 'HTTPS' || spec.tls?.mode !== 'Passthrough');
  const kinds = readKinds(spec, path, kindsOf(spec.protocol, terminatesTls));
  const certificates = terminatesTls ? readCertificates(owner, spec, path) : NOTHING;
  const client = readClientValidation(owner, spec);
  const options = readTlsOptions(spec.tls?.options, path);
  const acceptedFaults = [
    ...(protocolFamily === null ? [protocolUnsupported(path, spec.protocol)] : []),
    ...options.faults,
    ...(client.unusable === null ? [] : [client.unusable]),
  ];
  const hasHostname = protocolFamily === 'http' || protocolFamily === 'tls';
  return {
    kind: 'listener',
    id: listenerId([owner.ref.kind, owner.ref.namespace, owner.ref.name, spec.name].join('/')),
    owner: owner.ref,
    spec,
    path,
    hostname: hasHostname ? (spec.hostname ?? '').toLowerCase() : '',
    protocolFamily,
    terminatesTls,
    supportedKinds: kinds.supported,
    acceptedFaults,
    warnings: [...options.warnings, ...validateSelector(spec, path)],
    resolvedFaults: [...certificates.faults, ...client.faults, ...kinds.faults],
    certificates: certificates.usable,
    clientValidation: client.validation,
    tlsOptions: options.options,
    servable:
      acceptedFaults.length === 0 &&
      kinds.supported.length > 0 &&
      (!terminatesTls || certificates.usable.length > 0),
  };
}

function readKinds(
  spec: GatewayListener,
  path: string,
  possible: readonly RouteKind[],
): { readonly supported: readonly RouteKind[]; readonly faults: readonly Fault[] } {
  const wanted = spec.allowedRoutes?.kinds ?? [];
  if (wanted.length === 0) return { supported: possible, faults: [] };
  const supported: RouteKind[] = [];
  const faults: Fault[] = [];
  for (const [index, { group = GATEWAY_GROUP, kind }] of wanted.entries()) {
    const known = group === GATEWAY_GROUP ? possible.find((candidate) => candidate === kind) : undefined;
    if (known === undefined) {
      faults.push(
        routeKindUnsupported(`${path}.allowedRoutes.kinds[${index}]`, { group, kind }, spec.protocol),
      );
    } else if (!supported.includes(known)) {
      supported.push(known);
    }
  }
  return { supported, faults };
}

const NOTHING: { readonly usable: readonly CertificateNode[]; readonly faults: readonly Fault[] } = {
  usable: [],
  faults: [],
};

function readCertificates(owner: ListenerOwner, spec: GatewayListener, path: string): typeof NOTHING {
  const refs = spec.tls?.certificateRefs ?? [];
  if (refs.length === 0) return { usable: [], faults: [certificateRefsMissing(`${path}.tls`)] };
  const context = { lookup: owner.lookup, options: owner.options, from: owner.ref };
  const usable: CertificateNode[] = [];
  const faults: Fault[] = [];
  for (const [index, ref] of refs.entries()) {
    const at = { path: `${path}.tls.certificateRefs[${index}]`, reason: 'InvalidCertificateRef' as const };
    const certificate = resolveCertificate(context, ref, at);
    if (!certificate.ok) faults.push(certificate.failure);
    else if (!usable.some((known) => known.id === certificate.value.id)) usable.push(certificate.value);
  }
  return { usable, faults };
}

interface ReadClientValidation {
  readonly validation: ClientValidation | null;
  readonly faults: readonly Fault[];
  /** Set when no CA is usable: the listener is not accepted (FrontendTLSValidation.caCertificateRefs). */
  readonly unusable: Fault | null;
}

/** `spec.tls.frontend` of the Gateway: per port, else the default; it applies only to HTTPS listeners. */
function readClientValidation(owner: ListenerOwner, spec: GatewayListener): ReadClientValidation {
  const none: ReadClientValidation = { validation: null, faults: [], unusable: null };
  const frontend = owner.gateway.spec.tls?.frontend;
  if (frontend === undefined || spec.protocol !== 'HTTPS') return none;
  const portIndex = (frontend.perPort ?? []).findIndex((entry) => entry.port === spec.port);
  const perPort = frontend.perPort?.[portIndex];
  const validation = (perPort?.tls ?? frontend.default).validation;
  if (validation === undefined) return none;
  const base = perPort === undefined ? 'default' : `perPort[${portIndex}].tls`;
  const path = `spec.tls.frontend.${base}.validation.caCertificateRefs`;
  const from = { group: GATEWAY_GROUP, kind: 'Gateway', namespace: owner.gateway.metadata.namespace ?? '' };
  const bundle = resolveCaBundle(
    { lookup: owner.lookup, options: owner.options, from },
    validation.caCertificateRefs,
    { path, reasons: { kind: 'InvalidCACertificateKind', ref: 'InvalidCACertificateRef' } },
  );
  if (bundle.caPem === null) {
    return { validation: null, faults: bundle.faults, unusable: noValidCaCertificate(path) };
  }
  const mode = validation.mode === 'AllowInsecureFallback' ? 'optional' : 'required';
  return { validation: { caPem: bundle.caPem, mode }, faults: bundle.faults, unusable: null };
}

function validateSelector(spec: GatewayListener, path: string): readonly Fault[] {
  const namespaces = spec.allowedRoutes?.namespaces;
  if (namespaces?.from !== 'Selector') return [];
  const at = `${path}.allowedRoutes.namespaces.selector`;
  if (namespaces.selector === undefined) return [selectorUnusable(at, 'it is missing.')];
  const operator = unknownOperator(namespaces.selector);
  return operator === null ? [] : [selectorUnusable(at, `there is no operator ${operator}.`)];
}
