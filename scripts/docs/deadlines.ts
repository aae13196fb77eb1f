/**
 * Every wait on another process or peer, with its deadline. docs/reliability.md shows this table. Values are read from
 * the constants that act; test/docs/deadlines.test.ts refuses files that talk to a process or peer without a row.
 */
import { HEARTBEAT } from '../../src/supervisor/heartbeat.ts';
import { UPDATE_LIMITS } from '../../src/configsync/client.ts';
import { PROXY_LIMITS, WORKER_LIMITS } from '../../src/configsync/server.ts';
import { DEFAULT_CLIENT_LIMITS } from '../../src/ir/client-limits.ts';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../src/ir/policy.ts';
import { DEFAULT_TIMES } from '../../src/kubeapi/lease.ts';
import { readConstant } from './constant.ts';
import { markdownTable, type Section } from './section.ts';

export interface Wait {
  /** Who waits for what. */
  readonly wait: string;
  /** The longest it takes, and the setting where there is one; or why there is no end. */
  readonly deadline: string;
  readonly then: string;
  /** Files below src/ in which it waits. */
  readonly files: readonly string[];
}

/** `90 s`, `2 min`, `500 ms`. */
function time(ms: number): string {
  if (ms >= 120_000 && ms % 60_000 === 0) return `${String(ms / 60_000)} min`;
  return ms >= 1_000 ? `${String(ms / 1_000)} s` : `${String(ms)} ms`;
}

const of = (file: string, name: string): string => time(readConstant(file, name));
const { connection, http2 } = DEFAULT_CLUSTER_POLICY;

const CONTROL_PLANE: readonly Wait[] = [
  {
    wait: 'controller: a response of the API server',
    deadline: `${of('kubeapi/client.ts', 'CONNECT_TIMEOUT_MS')} to connect, as for watches; ${of('kubeapi/client.ts', 'REQUEST_TIMEOUT_MS')} without a byte; deferred (429, 503) at most ${String(readConstant('kubeapi/client.ts', 'MAX_DEFERRALS'))} times for ${of('kubeapi/client.ts', 'MAX_DEFERRAL_MS')}`,
    then: 'the request fails and is retried',
    files: ['kubeapi/client.ts'],
  },
  {
    wait: 'controller: events of a watch',
    deadline: `${of('kubeapi/client.ts', 'WATCH_IDLE_MS')} without a byte; bookmarks come every minute`,
    then: 'the watch resumes where it was',
    files: ['kubeapi/client.ts'],
  },
  {
    wait: 'controller: renewal of its lease',
    deadline: time(DEFAULT_TIMES.standDownMs),
    then: 'it steps down and aborts the request',
    files: ['kubeapi/lease.ts'],
  },
  {
    wait: 'controller that shuts down: release of its lease',
    deadline: of('kubeapi/lease.ts', 'RELEASE_MS'),
    then: 'the lease expires',
    files: ['kubeapi/lease.ts'],
  },
  {
    wait: 'controller: a program that prints a token (kubeconfig)',
    deadline: of('kubeapi/kube-config.ts', 'EXEC_TIMEOUT_MS'),
    then: 'the program is killed, the request fails',
    files: ['kubeapi/kube-config.ts'],
  },
  {
    wait: 'proxy or replica: connection and handshake with a controller',
    deadline: of('configsync/dial-controller.ts', 'TIMEOUT_MS'),
    then: 'it dials again',
    files: ['configsync/dial-controller.ts'],
  },
  {
    wait: 'proxy: the next update from its controller',
    deadline: `none: updates come only with changes. TCP keepalive detects a dead host (${of('configsync/dial-controller.ts', 'KEEPALIVE_MS')})`,
    then: 'it keeps serving its configuration',
    files: ['configsync/dial-controller.ts'],
  },
  {
    wait: 'proxy: the rest of an update',
    deadline: time(UPDATE_LIMITS.frameMs),
    then: 'the stream is closed, the proxy dials again',
    files: ['configsync/frames.ts'],
  },
  {
    wait: 'controller: handshake of a proxy or replica',
    deadline: of('controller/config-listener.ts', 'HANDSHAKE_MS'),
    then: 'the connection is closed',
    files: ['controller/config-listener.ts'],
  },
  {
    wait: 'controller: hello, or the first report of a replica',
    deadline: time(PROXY_LIMITS.firstMs),
    then: 'the stream is closed',
    files: ['configsync/frames.ts'],
  },
  {
    wait: 'controller: the rest of a message from a proxy or replica',
    deadline: time(PROXY_LIMITS.frameMs),
    then: 'the stream is closed',
    files: ['configsync/frames.ts'],
  },
  {
    wait: 'controller: the acknowledgment of an update',
    deadline: time(PROXY_LIMITS.ackMs),
    then: 'the stream is closed, the proxy counts as not serving',
    files: ['configsync/server.ts'],
  },
];

const PROCESSES: readonly Wait[] = [
  {
    wait: 'supervisor: hello of a worker that starts',
    deadline: time(WORKER_LIMITS.firstMs),
    then: 'the worker is replaced',
    files: ['configsync/frames.ts', 'supervisor/worker-process.ts'],
  },
  {
    wait: 'supervisor: the acknowledgment of an update by a worker',
    deadline: time(WORKER_LIMITS.ackMs),
    then: 'the worker is replaced',
    files: ['configsync/server.ts', 'supervisor/worker-process.ts'],
  },
  {
    wait: 'supervisor: heartbeats of a worker',
    deadline: `${time(HEARTBEAT.everyMs * HEARTBEAT.missed)}; ${time(HEARTBEAT.everyMs * HEARTBEAT.missedUpdating)} while it starts or takes an update`,
    then: 'the worker is killed and replaced',
    files: ['supervisor/worker-process.ts'],
  },
  {
    wait: 'supervisor: metrics of a worker, for a scrape',
    deadline: of('supervisor/worker-process.ts', 'STATS_TIMEOUT_MS'),
    then: 'the last metrics are used',
    files: ['supervisor/worker-process.ts'],
  },
  {
    wait: 'supervisor: a worker that drains',
    deadline: `\`--drain\`, and ${of('supervisor/worker-process.ts', 'KILL_GRACE_MS')} more`,
    then: 'the worker is killed',
    files: ['supervisor/worker-process.ts'],
  },
  {
    wait: 'supervisor: a replaced worker without configuration',
    deadline: of('supervisor/worker-process.ts', 'UNCONFIGURED_DRAIN_MS'),
    then: 'the worker is killed',
    files: ['supervisor/worker-process.ts'],
  },
  {
    wait: 'worker: permission from its supervisor to bind a port',
    deadline: of('supervisor/worker.ts', 'CLAIM_TIMEOUT_MS'),
    then: 'the bind fails and is retried',
    files: ['supervisor/worker.ts'],
  },
  {
    wait: 'worker: tokens of a rate limit from its supervisor',
    deadline: of('proxy/limits/leases.ts', 'ANSWER_MS'),
    then: 'the worker goes by its own share of the limit until the supervisor answers',
    files: ['proxy/limits/leases.ts'],
  },
  {
    wait: 'supervisor: unused tokens of a rate limit that it recalls from a worker',
    deadline: `${of('proxy/limits/ledger.ts', 'RECALL_MS')}, checked every ${of('proxy/limits/ledger-service.ts', 'EXPIRY_CHECK_MS')}`,
    then: 'the worker keeps them, and requests of other workers are refused',
    files: ['proxy/limits/ledger.ts'],
  },
  {
    wait: 'worker that failed, or lost its supervisor: its requests',
    deadline: `${of('supervisor/worker.ts', 'FAILED_DRAIN_MS')}, or \`--drain\``,
    then: 'it ends',
    files: ['supervisor/worker.ts'],
  },
  {
    wait: 'supervisor: the echo process (`--echo`)',
    deadline: of('echo/echo-provider.ts', 'ANSWER_TIMEOUT_MS'),
    then: 'its Services have no endpoints',
    files: ['echo/echo-provider.ts'],
  },
  {
    wait: '`--takeover`: the exit of the old gateway',
    deadline: 'none: limited by its own `--drain`. Only the admin API waits for it',
    then: 'the admin API opens',
    files: ['supervisor/takeover.ts'],
  },
  {
    wait: 'log and access log: a reader that does not read, when the process exits',
    deadline: of('telemetry/line-writer.ts', 'FINAL_WRITE_TIMEOUT_MS'),
    then: 'the lines are dropped and counted',
    files: ['telemetry/line-writer.ts'],
  },
  {
    wait: 'admin API: a request; a client that reads the response',
    deadline: `30 s, ${of('admin/server.ts', 'IDLE_TIMEOUT_MS')}`,
    then: 'the connection is closed',
    files: ['admin/server.ts'],
  },
  {
    wait: '`sluice status`, `explain`: a response of the admin API',
    deadline: of('cli/admin-client.ts', 'TIMEOUT_MS'),
    then: 'exit code 2',
    files: ['cli/admin-client.ts'],
  },
  {
    wait: 'files on disk: state, status, certificates',
    deadline: 'none: the kernel responds. No traffic and no update waits for a write',
    then: 'a failure is logged, and the next write tries again',
    files: ['admin/status-file.ts', 'supervisor/saved-config.ts', 'certificates/certificate-files.ts'],
  },
  {
    wait: 'a port of this machine to bind or inspect',
    deadline: 'none: the kernel responds at once',
    then: 'a failure is reported and retried',
    files: [
      'supervisor/port-claims.ts',
      'supervisor/free-port.ts',
      'proxy/net/tcp.ts',
      'proxy/l4/udp-relay.ts',
    ],
  },
];

const CLIENTS: readonly Wait[] = [
  {
    wait: 'proxy: PROXY header, TLS hello, handshake, head of a request',
    deadline: `${time(DEFAULT_CLIENT_LIMITS.headTimeoutMs)}, or as the Gateway sets`,
    then: '408, or the connection is closed',
    files: [
      'proxy/net/shared-read.ts',
      'proxy/net/socket-transport.ts',
      'proxy/net/accepted-handle.ts',
      'proxy/net/direct-write.ts',
      'proxy/net/tls-contexts.ts',
    ],
  },
  {
    wait: 'proxy: the body of a request',
    deadline: `${time(DEFAULT_CLIENT_LIMITS.slowBody.windowMs)} for each ${String(DEFAULT_CLIENT_LIMITS.slowBody.minBytes)} bytes, or as the Gateway sets`,
    then: '408',
    files: ['proxy/net/socket-transport.ts'],
  },
  {
    wait: 'proxy: the next request of a connection',
    deadline: `${time(DEFAULT_CLIENT_LIMITS.idleTimeoutMs)}, or as the Gateway sets`,
    then: 'the connection is closed',
    files: ['proxy/net/socket-transport.ts'],
  },
  {
    wait: 'proxy: a client that does not read, or a stream without a byte',
    deadline: `${time(DEFAULT_TIMEOUTS.streamIdleMs)} (BackendPolicy \`timeouts.streamIdle\`)`,
    then: 'the request ends',
    files: ['proxy/net/direct-write.ts'],
  },
  {
    wait: 'proxy: a response, for an HTTP/1.1 client that closed its direction',
    deadline: `${time(DEFAULT_CLIENT_LIMITS.halfClosedMs)}, or as the Gateway sets`,
    then: 'the request ends',
    files: ['proxy/net/socket-transport.ts'],
  },
  {
    wait: 'proxy: a client, after the proxy announced that the connection closes',
    deadline: `${of('proxy/net/lingering-close.ts', 'LINGER_MS')}; ${of('proxy/net/lingering-close.ts', 'STALLED_MS')} to read the response; after a TLS alert ${of('proxy/net/tls-intake.ts', 'LINGER_MS')}`,
    then: 'the connection is reset',
    files: ['proxy/net/socket-transport.ts'],
  },
  {
    wait: 'proxy: SETTINGS of an HTTP/2 peer acknowledged',
    deadline: of('proxy/h2/connection.ts', 'SETTINGS_TIMEOUT_MS'),
    then: 'GOAWAY, and the connection is closed',
    files: ['proxy/net/socket-transport.ts'],
  },
  {
    wait: 'proxy: requests of a removed port or listener',
    deadline: `${of('proxy/port/bound-ports.ts', 'REMOVED_PORT_GRACE_MS')}, ${of('proxy/port/tcp-service.ts', 'DISMISSED_GRACE_MS')}`,
    then: 'their connections are closed',
    files: ['proxy/net/tcp.ts'],
  },
];

const BACKENDS: readonly Wait[] = [
  {
    wait: 'proxy: a connection to an endpoint, TLS included',
    deadline: `${time(connection.connectTimeoutMs)} (BackendPolicy \`connection.connectTimeout\`)`,
    then: 'another endpoint, or 504',
    files: ['proxy/upstream/connector.ts', 'proxy/upstream/upstream-tls.ts'],
  },
  {
    wait: 'proxy: a response of a backend',
    deadline: `\`timeouts\` of the rule; without any ${time(DEFAULT_TIMEOUTS.streamIdleMs)} without a byte`,
    then: '504',
    files: ['proxy/upstream/connector.ts'],
  },
  {
    wait: 'proxy: 100 (Continue) of a backend, before the body is sent',
    deadline: of('proxy/exchange/deadlines.ts', 'CONTINUE_TIMEOUT_MS'),
    then: 'the body is sent',
    files: ['proxy/exchange/deadlines.ts'],
  },
  {
    wait: 'proxy: a filter that holds back a response of the gateway itself',
    deadline: of('proxy/exchange/deadlines.ts', 'REPLY_TIMEOUT_MS'),
    then: 'the response is sent without this filter',
    files: ['proxy/exchange/deadlines.ts'],
  },
  {
    wait: 'proxy: PING of an HTTP/2 backend acknowledged',
    deadline: `${time(http2.pingTimeoutMs)} (BackendPolicy \`http2.pingTimeout\`)`,
    then: 'the connection is closed',
    files: ['proxy/upstream/connector.ts'],
  },
  {
    wait: 'proxy: a byte of a TCP or TLS stream; a datagram of a UDP flow',
    deadline: `${time(connection.tcpIdleTimeoutMs)} (BackendPolicy \`connection.tcpIdleTimeout\`); ${of('proxy/l4/udp-flow.ts', 'DEFAULT_IDLE_MS')}`,
    then: 'the stream or flow ends',
    files: ['proxy/upstream/connector.ts', 'proxy/l4/udp-flow.ts'],
  },
  {
    wait: 'proxy: a response of an external auth server',
    deadline: of('proxy/filter/external-auth/external-auth-check.ts', 'ANSWER_TIMEOUT_MS'),
    then: '403',
    files: ['proxy/upstream/connector.ts'],
  },
  {
    wait: 'proxy: a response of a mirror',
    deadline: of('proxy/filter/mirror-request.ts', 'ANSWER_TIMEOUT_MS'),
    then: 'its connection is closed',
    files: ['proxy/upstream/connector.ts'],
  },
  {
    wait: 'proxy: an active health check',
    deadline: 'BackendPolicy `healthCheck.active.timeout`',
    then: 'the check has failed',
    files: ['proxy/upstream/connector.ts'],
  },
  {
    wait: 'proxy: first health checks, before a new configuration serves',
    deadline: of('proxy/upstream/cluster-registry.ts', 'FIRST_CHECK_TIMEOUT_MS'),
    then: 'the configuration serves without them',
    files: ['proxy/upstream/cluster-registry.ts'],
  },
  {
    wait: 'proxy: the addresses of a host name',
    deadline: of('proxy/upstream/dns-discovery.ts', 'RESOLVE_TIMEOUT_MS'),
    then: 'the previous addresses stay in use; retried',
    files: ['proxy/upstream/dns-discovery.ts'],
  },
  {
    wait: '`sluice echo`: its clients',
    deadline: 'none: it is a test backend',
    then: '',
    files: ['echo/server.ts'],
  },
];

export const WAITS: readonly Wait[] = [...CONTROL_PLANE, ...PROCESSES, ...CLIENTS, ...BACKENDS];

export const DEADLINES: Section = {
  page: 'docs/reliability.md',
  name: 'deadlines',
  render: () =>
    markdownTable(
      ['wait', 'at most', 'then'],
      WAITS.map(({ wait, deadline, then }) => [wait, deadline, then]),
    ),
};
