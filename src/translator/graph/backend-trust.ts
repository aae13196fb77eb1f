/** BackendTLSPolicyValidation: how to verify a backend's certificate. Shared by BackendTLSPolicy and XBackend. */
import type { BackendTLSPolicyValidation } from '../../gatewayapi/generated/types.ts';
import type { Fault } from '../faults/fault.ts';
import { noValidCa, trustMissing, wellKnownCaUnsupported } from '../policy/faults.ts';
import { resolveCaBundle, type ReferenceContext } from './certificate.ts';
import type { UpstreamTlsNode } from './nodes.ts';

export interface TrustResult {
  /** null when verification is impossible: connections must then fail. */
  readonly tls: UpstreamTlsNode | null;
  readonly acceptedFaults: readonly Fault[];
  readonly resolvedFaults: readonly Fault[];
}

export function resolveTrust(
  context: ReferenceContext,
  validation: BackendTLSPolicyValidation,
  path: string,
): TrustResult {
  const refs = validation.caCertificateRefs ?? [];
  const wellKnown = validation.wellKnownCACertificates ?? '';
  if (refs.length === 0) {
    if (wellKnown === 'System') return { ...NO_FAULTS, tls: tlsOf(validation, null) };
    const fault =
      wellKnown === ''
        ? trustMissing(path)
        : wellKnownCaUnsupported(`${path}.wellKnownCACertificates`, wellKnown);
    return { tls: null, acceptedFaults: [fault], resolvedFaults: [] };
  }
  const at = {
    path: `${path}.caCertificateRefs`,
    reasons: { kind: 'InvalidKind', ref: 'InvalidCACertificateRef' } as const,
  };
  const { caPem, faults } = resolveCaBundle(context, refs, at);
  if (caPem === null) return { tls: null, acceptedFaults: [noValidCa(at.path)], resolvedFaults: faults };
  return { tls: tlsOf(validation, caPem), acceptedFaults: [], resolvedFaults: faults };
}

const NO_FAULTS = { acceptedFaults: [], resolvedFaults: [] };

function tlsOf(validation: BackendTLSPolicyValidation, caPem: string | null): UpstreamTlsNode {
  const subjectAltNames = (validation.subjectAltNames ?? []).map((name) =>
    name.type === 'URI'
      ? { kind: 'uri' as const, value: name.uri ?? '' }
      : { kind: 'hostname' as const, value: (name.hostname ?? '').toLowerCase() },
  );
  return { hostname: validation.hostname, caPem, subjectAltNames, clientCertificate: null };
}
