/** Every code of a finding of the translation. Stable: codes are added, not renamed. docs/reference/findings.md shows this table. */
import type { Severity } from '../../gatewayapi/finding.ts';
import { AUTH_FAULT_CODES } from './auth-fault-codes.ts';
import { EXTENSION_FAULT_CODES } from './extension-fault-codes.ts';
import type { FaultMeaning } from './fault-meaning.ts';
import { POLICY_FAULT_CODES } from './policy-fault-codes.ts';

export const FAULT_CODES = {
  ...AUTH_FAULT_CODES,
  ...EXTENSION_FAULT_CODES,
  ...POLICY_FAULT_CODES,
  'address-type': {
    severities: ['error'],
    text: 'The address type is not supported.',
    advice: 'use IPAddress or Hostname',
  },
  'address-value': {
    severities: ['error'],
    text: 'The value is not an address.',
    advice: 'write an IPv4 or IPv6 address',
  },
  'backend-in-the-clear': {
    severities: ['warning'],
    text: 'The backend seems to expect TLS, but the gateway connects without it.',
    advice: 'create a BackendTLSPolicy, or set `spec.tls.mode`',
  },
  'backend-kind': {
    severities: ['error'],
    text: 'Backends of this kind are not supported.',
    advice: 'use a Service or an XBackend',
  },
  'backend-not-found': {
    severities: ['error'],
    text: 'The backend does not exist.',
    advice: 'check name and namespace',
  },
  'backend-port-missing': {
    severities: ['error'],
    text: 'The reference to a Service has no port.',
    advice: 'add `port`',
  },
  'backend-port-not-found': {
    severities: ['error'],
    text: 'The backend has no such port.',
    advice: 'use a port that the hint lists',
  },
  'backend-protocol': {
    severities: ['error'],
    text: 'The backend cannot carry this traffic.',
    advice: 'check `appProtocol` and the kind of the route',
  },
  'backend-tls-required': {
    severities: ['error'],
    text: 'appProtocol requires TLS, but no policy configures how to verify the backend.',
    advice: 'create a BackendTLSPolicy',
  },
  'backend-tls-unmet': {
    severities: ['error'],
    text: 'The TLS settings for the backend cannot be applied.',
    advice: 'see the status of its policy',
  },
  'ca-certificate-kind': {
    severities: ['error'],
    text: 'CA certificates of this kind are not supported.',
    advice: 'use a ConfigMap or Secret with ca.crt',
  },
  'ca-certificate-not-found': {
    severities: ['error'],
    text: 'The CA certificate does not exist.',
    advice: 'check name and namespace',
  },
  'ca-certificate-unusable': {
    severities: ['error'],
    text: 'ca.crt contains no usable certificate.',
    advice: 'see the message',
  },
  'certificate-hostname': {
    severities: ['warning'],
    text: "No certificate covers the listener's hostname.",
    advice: 'use a certificate for that hostname',
  },
  'certificate-kind': {
    severities: ['error'],
    text: 'Certificates of this kind are not supported.',
    advice: 'use a Secret with tls.crt and tls.key',
  },
  'certificate-missing': {
    severities: ['error'],
    text: 'The listener terminates TLS without a certificate.',
    advice: 'add `tls.certificateRefs`',
  },
  'certificate-not-found': {
    severities: ['error'],
    text: 'The Secret does not exist.',
    advice: 'check name and namespace',
  },
  'certificate-unusable': {
    severities: ['error'],
    text: 'The Secret contains no usable certificate.',
    advice: 'see the message',
  },
  'class-not-accepted': {
    severities: ['error'],
    text: "The Gateway's class is not accepted.",
    advice: 'see the status of the GatewayClass',
  },
  'cors-any-origin': {
    severities: ['warning'],
    text: 'CORS allows every origin to read responses with credentials.',
    advice: 'list the origins',
  },
  duration: {
    severities: ['error'],
    text: 'The value is not a duration.',
    advice: 'write it as 1h30m, 10s or 250ms (GEP-2257)',
  },
  'external-ip-refused': {
    severities: ['warning'],
    text: 'The class does not let Gateways claim external IPs.',
    advice: 'omit `spec.addresses`, or see [ProxyConfig](proxy-config.md#what-a-gateway-may-decide-itself)',
  },
  'extension-ref': {
    severities: ['error'],
    text: 'The extension does not exist: the rule responds with 500.',
    advice: 'remove the filter',
  },
  'cluster-name': {
    severities: ['error'],
    text: 'The backend refers to a cluster-internal name that is not a Service.',
    advice: 'see [external backends](external-backends.md#allowed-targets-of-a-name)',
  },
  'external-backends-off': {
    severities: ['error'],
    text: 'The controller does not serve ExternalName Services and XBackends.',
    advice: 'see [external backends](external-backends.md#allowed-targets-of-a-name)',
  },
  'external-name': {
    severities: ['info'],
    text: 'Requests go to the external host of the Service.',
    advice: 'see [external backends](external-backends.md)',
  },
  'external-name-target-port': {
    severities: ['warning'],
    text: "The target port of an ExternalName Service is ignored: the proxy connects to the Service's port.",
    advice: "set the Service's port to the port that the host listens on",
  },
  'foreign-parameters': {
    severities: ['warning'],
    text: 'parametersRef belongs to another controller.',
    advice: 'nothing, if that is intended',
  },
  'gateway-class-foreign': {
    severities: ['info'],
    text: 'The Gateway belongs to another controller.',
    advice: 'nothing, or `--all-classes`',
  },
  'gateway-class-missing': {
    severities: ['error'],
    text: 'The Gateway refers to a missing GatewayClass.',
    advice: "create it with Sluice's controllerName, or use `--all-classes`",
  },
  'header-not-edited': {
    severities: ['warning'],
    text: 'A filter edits a field that frames messages; the field stays unchanged.',
    advice: 'remove the field from the filter',
  },
  'header-value': {
    severities: ['warning'],
    text: 'A header value has characters that headers cannot contain; the gateway sends spaces instead.',
    advice: 'write the value on one line',
  },
  'host-not-set': {
    severities: ['warning'],
    text: 'A filter sets Host to an invalid host; Host stays unchanged.',
    advice: 'set a name, with or without a port',
  },
  'header-set-by-cors': {
    severities: ['warning'],
    text: 'A modifier edits a field that the CORS filter sets; it has no effect.',
    advice: 'set it in the CORS filter',
  },
  'hostname-ignored': {
    severities: ['warning'],
    text: 'No listener of the route serves this hostname.',
    advice: 'add a listener, or remove the hostname',
  },
  'incompatible-filters': {
    severities: ['error'],
    text: 'Filters of the rule are mutually exclusive.',
    advice: 'keep one of them',
  },
  'incomplete-filter': {
    severities: ['error'],
    text: 'The filter lacks the field for its type.',
    advice: 'add the field that the message names',
  },
  'internal-error': {
    severities: ['error'],
    text: 'Evaluating the object failed because of a bug in Sluice. The object is not served; all others are.',
    advice: 'report the bug with the object; the message and the log show where it failed',
  },
  'invalid-object': {
    severities: ['error'],
    text: 'The API server stores the object, but it violates the schema of its kind. It is not served.',
    advice: 'apply the object again in its newest version',
  },
  'invalid-parameters': {
    severities: ['error'],
    text: 'parametersRef does not refer to a usable object.',
    advice: 'refer to an accepted [ProxyConfig](proxy-config.md)',
  },
  'layer4-rule': {
    severities: ['error'],
    text: 'A TCPRoute, TLSRoute or UDPRoute has more than one rule: only the first is served.',
    advice: 'put all backendRefs into one rule, with weights',
  },
  'listener-conflict': {
    severities: ['error'],
    text: 'Two listeners use the same port and cannot be distinguished.',
    advice: 'change port or hostname',
  },
  'listener-protocol': {
    severities: ['error'],
    text: 'The protocol is not supported.',
    advice: 'use HTTP, HTTPS, TLS, TCP or UDP',
  },
  'listener-route-kind': {
    severities: ['error'],
    text: "allowedRoutes names a kind that the listener's protocol cannot carry.",
    advice: 'remove the kind, or change the protocol',
  },
  'listener-set-not-allowed': {
    severities: ['error'],
    text: 'The Gateway does not allow ListenerSets from this namespace.',
    advice: "set the Gateway's `allowedListeners.namespaces`",
  },
  'listener-set-parent': {
    severities: ['error'],
    text: "The ListenerSet's Gateway is not accepted.",
    advice: 'see the status of the Gateway',
  },
  'missing-reference-grant': {
    severities: ['error'],
    text: 'No ReferenceGrant allows this reference into another namespace.',
    advice: 'create the ReferenceGrant that the hint shows',
  },
  'namespace-selector': {
    severities: ['warning'],
    text: 'The namespace selector selects nothing.',
    advice: 'see the message',
  },
  'no-trust': {
    severities: ['error'],
    text: 'The policy configures no CA.',
    advice: 'set `wellKnownCACertificates: System` or refer to a ConfigMap',
  },
  'no-valid-ca-certificate': {
    severities: ['error'],
    text: 'No CA certificate is usable, so the gateway could not verify any peer.',
    advice: 'fix the references; see their own findings',
  },
  'override-refused': {
    severities: ['warning'],
    text: "The Gateway's ProxyConfig sets fields that the class does not allow.",
    advice: 'remove them, or see [ProxyConfig](proxy-config.md#what-a-gateway-may-decide-itself)',
  },
  'parent-kind': {
    severities: ['info'],
    text: 'The parent is of a kind that no gateway serves, such as Service (mesh).',
    advice: 'nothing, if that is intended',
  },
  'parent-not-found': {
    severities: ['error'],
    text: 'The parent does not exist.',
    advice: 'check name and namespace of the parentRef',
  },
  'parent-not-served': {
    severities: ['info'],
    text: 'The parent belongs to another controller.',
    advice: 'nothing, if that is intended',
  },
  'path-encoded': {
    severities: ['warning'],
    text: 'A replacement path has characters that the gateway percent-encodes.',
    advice: 'write a path without spaces, `?` and `#`',
  },
  'prefix-rewrite': {
    severities: ['error'],
    text: 'ReplacePrefixMatch has no prefix to replace.',
    advice: 'match by PathPrefix, or replace the full path',
  },
  'preflight-unreachable': {
    severities: ['warning'],
    text: 'A header match prevents preflights from reaching a CORS filter.',
    advice: 'add a rule for the path with CORS and without that match',
  },
  'proxy-config-value': {
    severities: ['error'],
    text: 'A value of the ProxyConfig is invalid.',
    advice: 'the message shows the expected value',
  },
  'proxy-protocol-untrusted': {
    severities: ['warning'],
    text: 'PROXY headers are enabled, but no peer is trusted to send them.',
    advice: 'set `trustedCIDRs`',
  },
  regex: {
    severities: ['error'],
    text: 'The regular expression is not valid RE2, or is too large.',
    advice: 'see the message',
  },
  'path-star': {
    severities: ['warning'],
    text: 'A path contains a literal `*`.',
    advice: 'use the prefix in the message',
  },
  'path-never-matches': {
    severities: ['warning'],
    text: 'A path contains an escape for which the gateway rejects requests.',
    advice: 'remove the escape',
  },
  'redirect-loop': {
    severities: ['warning'],
    text: 'A redirect leads back to its own rule.',
    advice: 'attach the route to one listener, or match fewer requests',
  },
  'route-without-rules': { severities: ['warning'], text: 'The route has no rules.', advice: 'add one' },
  'endpoint-slice-service': {
    severities: ['warning'],
    text: 'An EndpointSlice belongs to no Service.',
    advice: 'set its label `kubernetes.io/service-name`',
  },
  'regex-total': {
    severities: ['error', 'warning'],
    text: 'The regular expressions of a route, or of all routes of a hostname, exceed the size limit.',
    advice:
      'use fewer or smaller patterns, prefixes or exact values ([limits](routing.md#3-the-hostname-of-a-route-then-its-rules))',
  },
  'repeated-filter': {
    severities: ['error'],
    text: 'A filter occurs twice but is allowed only once.',
    advice: 'merge them',
  },
  'repeated-header': {
    severities: ['error'],
    text: 'A header has more than one action in one filter.',
    advice: 'set, add or remove it once',
  },
  'route-conflict': {
    severities: ['error'],
    text: 'A route of another kind already serves the hostname.',
    advice: 'give the routes different hostnames',
  },
  'route-hostname': {
    severities: ['error'],
    text: 'No listener serves a hostname of the route.',
    advice: 'make them overlap',
  },
  'route-no-matching-parent': {
    severities: ['error'],
    text: 'The parent has no such listener or port.',
    advice: 'use a sectionName or port of the Gateway',
  },
  'route-not-allowed': {
    severities: ['error'],
    text: 'No listener allows this kind of route, or routes from this namespace.',
    advice: "see the listener's `allowedRoutes`",
  },
  'route-shadowed': {
    severities: ['warning'],
    text: 'Another route on the listener matches everything.',
    advice: 'give the listener or the routes different hostnames',
  },
  'route-without-parent': {
    severities: ['warning'],
    text: 'The route has no parent, so no Gateway serves it.',
    advice: 'reference a Gateway or ListenerSet in `parentRefs`',
  },
  'rule-shadowed': {
    severities: ['warning'],
    text: 'Another rule matches every request that this match could.',
    advice: 'make one of them more specific; the message names the other',
  },
  'rule-without-backends': {
    severities: ['warning'],
    text: 'No backend has a weight above 0: the rule responds with 500.',
    advice: 'add a backendRef, or a redirect',
  },
  'session-name': {
    severities: ['error'],
    text: 'The sessionName is not a valid cookie or header name, or the header is reserved.',
    advice: 'use a name such as `my-session`',
  },
  'session-overridden': {
    severities: ['warning'],
    text: 'Another policy overrides the session persistence of this one.',
    advice: 'nothing, if that is intended',
  },
  'tls-route-without-hostnames': {
    severities: ['info'],
    text: 'A TLSRoute of an older version has no hostnames and matches every hostname of its listeners.',
    advice: 'list the hostnames before you migrate it to v1',
  },
  'tls-option': {
    severities: ['error'],
    text: 'A TLS option of Sluice is misspelled or has a wrong value.',
    advice: 'see [TLS](tls.md#options)',
  },
  'tls-option-foreign': {
    severities: ['warning'],
    text: 'The TLS option belongs to another implementation.',
    advice: 'nothing, or remove it',
  },
  'unsupported-value': {
    severities: ['error'],
    text: 'The value is not supported.',
    advice: 'use one that the hint lists',
  },
  'well-known-ca': {
    severities: ['error'],
    text: 'This set of CA certificates does not exist.',
    advice: 'use System',
  },
} as const satisfies Readonly<Record<string, FaultMeaning>>;

type Table = typeof FAULT_CODES;

export type FaultCode = keyof Table;

/** Codes that faults of this severity may have. */
export type FaultCodeOf<S extends Severity> = {
  [C in FaultCode]: S extends Table[C]['severities'][number] ? C : never;
}[FaultCode];
