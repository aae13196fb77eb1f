/** The probe of an active check: what it sends to endpoints, and how. */
import type { Cluster } from '../../../ir/cluster.ts';
import type { ActiveHealthCheck } from '../../../ir/policy.ts';
import type { Certificate } from '../../../ir/tls.ts';
import { writeProxyHeader } from '../../net/proxy-protocol.ts';
import type { TimerWheel } from '../../net/timer-wheel.ts';
import { createDial, type DialTarget } from '../connector.ts';
import { Http1Protocol } from '../pool-h1.ts';
import { Http2Protocol } from '../pool-h2.ts';
import type { Dial } from '../upstream-pool.ts';
import { UpstreamTlsClient } from '../upstream-tls.ts';
import { ownRequest, withUserAgent } from '../../message/own-request.ts';
import type { Probe } from './check-result.ts';
import { GRPC_CHECK_PATH, GrpcEvaluator, grpcCheckMessage } from './grpc-check.ts';
import { HttpEvaluator } from './http-evaluator.ts';
import { RequestProbe, type Question } from './request-probe.ts';
import { TcpProbe } from './tcp-probe.ts';

export interface ProbeSource {
  readonly cluster: Cluster;
  readonly check: ActiveHealthCheck;
  readonly clientCertificate: Certificate | null;
  readonly wheel: TimerWheel;
}

/** The `Host` of checks, which is not that of a route. */
export function checkAuthority({ origin, discovery }: Cluster): string {
  if (discovery.kind === 'dns') return discovery.hostname;
  return `${origin.name}.${origin.namespace}.svc`;
}

/** The probe for each endpoint; they share what can be shared. */
export function createProber(source: ProbeSource): (target: DialTarget) => Probe {
  const { probe, port } = source.check;
  const dialTo = dialer(source);
  const at = (target: DialTarget): Dial => dialTo(port === null ? target : { ...target, port });
  if (probe.kind === 'tcp') return (target) => new TcpProbe(at(target));
  const question = probe.kind === 'http' ? httpQuestion(source, probe) : grpcQuestion(source, probe);
  return (target) => new RequestProbe({ ...question, dial: at(target) });
}

/** Through the cluster's TLS settings, with a PROXY header without addresses where one is expected, and without keeping the process alive. */
function dialer({ cluster, check, clientCertificate }: ProbeSource): (target: DialTarget) => Dial {
  const { tls: settings, policy } = cluster;
  const isHttp2 = cluster.protocol === 'h2' || check.probe.kind === 'grpc';
  const alpn = isHttp2 ? ['h2'] : [];
  const tls = settings === null ? null : new UpstreamTlsClient({ settings, clientCertificate, alpn });
  const { proxyProtocol } = policy;
  const preamble = proxyProtocol === null ? null : writeProxyHeader(proxyProtocol, null);
  return (target) => {
    const dial = createDial(target, policy.connection, tls);
    return {
      // The check's own limit holds.
      connectTimeoutMs: 0,
      connect: (sink) => {
        const transport = dial.connect(sink, preamble);
        transport.unref();
        return transport;
      },
    };
  };
}

const USER_AGENT = 'sluice-health-check';

type Asked = Omit<Question, 'dial'>;
type ProbeOf<Kind> = Extract<ActiveHealthCheck['probe'], { readonly kind: Kind }>;

function httpQuestion({ cluster, wheel }: ProbeSource, probe: ProbeOf<'http'>): Asked {
  const { policy, protocol, tls } = cluster;
  return {
    protocol:
      protocol === 'h2' ? new Http2Protocol(policy, wheel) : new Http1Protocol(policy.connection, wheel),
    request: ownRequest({
      method: probe.method,
      target: probe.path,
      authority: probe.hostname === '' ? checkAuthority(cluster) : probe.hostname,
      scheme: tls === null ? 'http' : 'https',
      configured: withUserAgent(probe.headers, USER_AGENT),
      copied: [],
      client: null,
      body: 'none',
    }),
    body: null,
    evaluator: () => new HttpEvaluator(probe.expected),
  };
}

function grpcQuestion({ cluster, wheel }: ProbeSource, probe: ProbeOf<'grpc'>): Asked {
  const headers = [{ name: 'content-type', value: 'application/grpc' }];
  return {
    protocol: new Http2Protocol(cluster.policy, wheel),
    request: ownRequest({
      method: 'POST',
      target: GRPC_CHECK_PATH,
      authority: checkAuthority(cluster),
      scheme: cluster.tls === null ? 'http' : 'https',
      configured: withUserAgent(headers, USER_AGENT),
      copied: [],
      client: null,
      body: 'stream',
    }),
    body: grpcCheckMessage(probe.service),
    evaluator: () => new GrpcEvaluator(),
  };
}
