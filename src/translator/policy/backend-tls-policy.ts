/** BackendTLSPolicy of the Gateway API (GEP-1897): TLS toward the Service that it names. */
import type { BackendTLSPolicy } from '../../gatewayapi/generated/types.ts';
import { GATEWAY_GROUP, SLUICE_GROUP } from '../../gatewayapi/ref.ts';
import type { Fault } from '../faults/fault.ts';
import { resolveTrust } from '../graph/backend-trust.ts';
import type { UpstreamTlsNode } from '../graph/nodes.ts';
import { policyOptionForeign, policyOptionUnsupported } from './faults.ts';
import type { PolicyKind } from './policy-kind.ts';

/** An invalid policy closes its targets: a connection that should be encrypted must not use plain text. */
export const BACKEND_TLS_POLICY: PolicyKind<BackendTLSPolicy, UpstreamTlsNode> = {
  group: GATEWAY_GROUP,
  kind: 'BackendTLSPolicy',
  objects: ({ backendTlsPolicies }) => backendTlsPolicies,
  targets: ['Service'],
  attachment: { kind: 'direct', use: 'tls' },
  whenInvalid: 'closes',
  hasReferences: true,
  settings: null,
  upstreamTls: (tls) => tls,
  read: ({ spec: { validation, options = {} } }, context) => {
    const trust = resolveTrust(context, validation, 'spec.validation');
    const optionFaults: Fault[] = [];
    const warnings: Fault[] = [];
    for (const key of Object.keys(options).sort()) {
      if (key.startsWith(`${SLUICE_GROUP}/`)) optionFaults.push(policyOptionUnsupported('spec.options', key));
      else warnings.push(policyOptionForeign('spec.options', key));
    }
    return {
      settings: trust.tls,
      faults: [...trust.acceptedFaults, ...optionFaults],
      referenceFaults: trust.resolvedFaults,
      warnings,
    };
  },
};
