/** Layer-4 connections, flows and TLS handshakes as samples; proxy-metrics.ts makes families of them. */
import type { ProxyStats } from '../proxy/proxy-api.ts';
import type { TlsStats } from '../proxy/port/tls-stats.ts';
import type { LabelValues, MetricFamily, Sample } from '../telemetry/metric-registry.ts';
import { backendName, ruleName } from '../access-log/access-log.ts';

type StreamStats = ProxyStats['streams'][number];

export interface UnsummedFamily extends Pick<MetricFamily, 'name' | 'type' | 'help'> {
  readonly samples: readonly Sample[];
}

export function streamFamilies(workers: readonly ProxyStats[]): UnsummedFamily[] {
  const streams = workers.flatMap((worker) => worker.streams);
  const each = (read: (stats: StreamStats) => number): Sample[] =>
    streams.map((stats) => ({ labels: streamLabels(stats), value: read(stats) }));
  return [
    {
      name: 'streams_total',
      type: 'counter',
      help: 'TCP and TLS connections relayed, and UDP flows.',
      samples: each(({ total }) => total),
    },
    {
      name: 'streams_active',
      type: 'gauge',
      help: 'TCP and TLS connections and UDP flows that are open.',
      samples: each(({ active }) => active),
    },
    {
      name: 'stream_received_bytes_total',
      type: 'counter',
      help: 'Bytes relayed from clients.',
      samples: each(({ receivedBytes }) => receivedBytes),
    },
    {
      name: 'stream_sent_bytes_total',
      type: 'counter',
      help: 'Bytes relayed to clients.',
      samples: each(({ sentBytes }) => sentBytes),
    },
    {
      name: 'stream_retries_total',
      type: 'counter',
      help: 'Connections and flows that were retried at another endpoint.',
      samples: each(({ retries }) => retries),
    },
    {
      name: 'streams_ended_total',
      type: 'counter',
      help: 'Connections and datagrams that the gateway refused or ended itself, by reason.',
      samples: streams.flatMap((stats) =>
        Object.entries(stats.byReason).map(([reason, value]) => ({
          labels: { ...streamLabels(stats), reason },
          value,
        })),
      ),
    },
    ...tlsFamilies(workers.flatMap((worker) => worker.tls)),
  ];
}

function streamLabels({ protocol, gateway, listener, rule, backend }: StreamStats): LabelValues {
  return {
    protocol,
    gateway_namespace: gateway.namespace,
    gateway_name: gateway.name,
    listener: listener.section ?? '',
    route_kind: rule?.kind ?? '',
    route_namespace: rule?.namespace ?? '',
    route_name: rule?.name ?? '',
    rule: rule === null ? '' : ruleName(rule),
    backend: backendName(backend) ?? '',
  };
}

function tlsFamilies(ports: readonly TlsStats[]): UnsummedFamily[] {
  const labelsOf = ({ gateway, port }: TlsStats): LabelValues => ({
    gateway_namespace: gateway.namespace,
    gateway_name: gateway.name,
    port: String(port),
  });
  const handshakes = ports.flatMap((stats): Sample[] => [
    { labels: { ...labelsOf(stats), resumed: 'true' }, value: stats.resumed },
    { labels: { ...labelsOf(stats), resumed: 'false' }, value: stats.handshakes - stats.resumed },
  ]);
  const failures = ports.flatMap((stats) =>
    Object.entries(stats.failures).map(([reason, value]): Sample => ({
      labels: { ...labelsOf(stats), reason },
      value,
    })),
  );
  return [
    {
      name: 'tls_handshakes_total',
      type: 'counter',
      help: 'TLS handshakes completed with clients.',
      samples: handshakes,
    },
    {
      name: 'tls_failures_total',
      type: 'counter',
      help: 'TLS handshakes with clients that failed, by reason.',
      samples: failures,
    },
    {
      name: 'tls_passed_through_total',
      type: 'counter',
      help: 'TLS connections passed through by server name, undecrypted.',
      samples: ports.map((stats) => ({ labels: labelsOf(stats), value: stats.passedThrough })),
    },
  ];
}
