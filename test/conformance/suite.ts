/** The official conformance suite: five gateway profiles, every feature, every test, nothing skipped. */
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { inNamespace } from './cluster/command.ts';
import { ADDRESSES, type Layout } from './cluster/layout.ts';

export const PROFILES = ['GATEWAY-HTTP', 'GATEWAY-GRPC', 'GATEWAY-TLS', 'GATEWAY-TCP', 'GATEWAY-UDP'];

/** All 48 gateway features of v1.6. Named one by one, since `-all-features` would bring the mesh profiles in. */
const FEATURES = [
  'BackendTLSPolicy',
  'BackendTLSPolicySANValidation',
  'GRPCRoute',
  'GRPCRouteNamedRouteRule',
  'Gateway',
  'GatewayAddressEmpty',
  'GatewayBackendClientCertificate',
  'GatewayFrontendClientCertificateValidation',
  'GatewayFrontendClientCertificateValidationInsecureFallback',
  'GatewayHTTPListenerIsolation',
  'GatewayHTTPSListenerDetectMisdirectedRequests',
  'GatewayInfrastructure',
  'GatewayPort8080',
  'GatewayStaticAddresses',
  'HTTPRoute',
  'HTTPRoute303RedirectStatusCode',
  'HTTPRoute307RedirectStatusCode',
  'HTTPRoute308RedirectStatusCode',
  'HTTPRouteBackendProtocolH2C',
  'HTTPRouteBackendProtocolWebSocket',
  'HTTPRouteBackendRequestHeaderModification',
  'HTTPRouteBackendTimeout',
  'HTTPRouteCORS',
  'HTTPRouteDestinationPortMatching',
  'HTTPRouteHostRewrite',
  'HTTPRouteMethodMatching',
  'HTTPRouteNamedRouteRule',
  'HTTPRouteParentRefPort',
  'HTTPRoutePathRedirect',
  'HTTPRoutePathRewrite',
  'HTTPRoutePortRedirect',
  'HTTPRouteQueryParamMatching',
  'HTTPRouteRequestMirror',
  'HTTPRouteRequestMultipleMirrors',
  'HTTPRouteRequestPercentageMirror',
  'HTTPRouteRequestTimeout',
  'HTTPRouteResponseHeaderModification',
  'HTTPRouteRetry',
  'HTTPRouteRetryBackendTimeout',
  'HTTPRouteRetryConnectionError',
  'HTTPRouteSchemeRedirect',
  'ListenerSet',
  'ReferenceGrant',
  'TCPRoute',
  'TLSRoute',
  'TLSRouteModeMixed',
  'TLSRouteModeTerminate',
  'UDPRoute',
];

/** Who reports. */
const IMPLEMENTATION = [
  '-organization=sluice',
  '-project=sluice',
  '-url=https://sluice.dev',
  '-version=v0.1.0',
  '-contact=@sluice/maintainers',
];

export interface SuiteRun {
  readonly gatewayClass: string;
  /** Paths of the YAML report and of the log. */
  readonly report: string;
  readonly log: string;
  /** Further flags of the suite, such as `-run-test=Name` while developing. */
  readonly flags: readonly string[];
}

/** Runs the suite to its end and gives its exit code. */
export async function runSuite(layout: Layout, suite: SuiteRun): Promise<number> {
  const [program, words] = inNamespace(join(layout.bin, 'conformance.test'), [
    '-test.v',
    '-test.timeout=60m',
    // The binary holds other tests, which look for files of their own.
    '-test.run=^TestConformance$',
    ...IMPLEMENTATION,
    `-gateway-class=${suite.gatewayClass}`,
    `-report-output=${suite.report}`,
    `-conformance-profiles=${PROFILES.join(',')}`,
    `-supported-features=${FEATURES.join(',')}`,
    `-usable-address=${ADDRESSES.usable}`,
    `-unusable-address=${ADDRESSES.unusable}`,
    ...suite.flags,
  ]);
  const child = spawn(program, words, {
    env: { ...process.env, KUBECONFIG: layout.kubeconfig },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(suite.log);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const [code] = (await once(child, 'close')) as [number | null];
  log.end();
  return code ?? 1;
}
