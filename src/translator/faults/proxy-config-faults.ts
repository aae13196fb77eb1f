/** Faults of ProxyConfigs and of references to them. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, warningFault, type Fault } from './fault.ts';

export function parametersInvalid(path: string, ref: ObjectRef, why: string): Fault {
  return errorFault({
    code: 'invalid-parameters',
    reason: 'InvalidParameters',
    path,
    message: `parametersRef refers to ${describeRef(ref)} in group ${JSON.stringify(ref.group)}: ${why}`,
    hint: 'Refer to an existing ProxyConfig (group gateway.sluice.dev), or remove parametersRef.',
  });
}

export function foreignParametersIgnored(path: string, ref: ObjectRef): Fault {
  return warningFault({
    code: 'foreign-parameters',
    reason: 'Accepted',
    path,
    message: `parametersRef refers to ${describeRef(ref)}, which belongs to another controller; Sluice ignores it.`,
  });
}

export function overridesRefused(path: string, ref: ObjectRef, fields: readonly string[]): Fault {
  return warningFault({
    code: 'override-refused',
    reason: 'Accepted',
    path,
    message: `The GatewayClass does not let Gateways set ${fields.join(', ')}; what ${describeRef(ref)} says of it does not apply.`,
    hint: "Take it out, or have it allowed in spec.gatewayOverrides.allow of the class's ProxyConfig.",
  });
}

export function externalIpRefused(address: string): Fault {
  return warningFault({
    code: 'external-ip-refused',
    reason: 'Accepted',
    path: 'spec.addresses',
    message: `The GatewayClass does not let Gateways claim ${address} as an external IP of their Service.`,
    hint: 'Remove spec.addresses, or allow it with spec.gatewayOverrides.externalIPs in the ProxyConfig of the class.',
  });
}

export function proxyConfigValue(path: string, why: string): Fault {
  return errorFault({ code: 'proxy-config-value', reason: 'Invalid', path, message: `${path}: ${why}` });
}

export function proxyProtocolUntrusted(): Fault {
  return warningFault({
    code: 'proxy-protocol-untrusted',
    reason: 'Accepted',
    path: 'spec.proxy.acceptProxyProtocol',
    message: 'PROXY headers are accepted only from trustedCIDRs, which are not set.',
    hint: 'Add the addresses of the load balancer to spec.proxy.trustedCIDRs.',
  });
}
