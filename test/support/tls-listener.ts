/** A TLS port as the data plane makes one, without the rest of the data plane: for tests of its first part. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { clusterId, listenerId, ruleId } from '../../src/ir/ids.ts';
import type { HttpListener, L4Rule, Listener, TlsListener } from '../../src/ir/listener.ts';
import type { Certificate, ClientValidation, ListenerTls } from '../../src/ir/tls.ts';
import { transportOfAccepted } from '../../src/proxy/net/socket-transport.ts';
import { DISCARDING_SINK, type Transport } from '../../src/proxy/net/transport.ts';
import { TlsCounters, type TlsFailure } from '../../src/proxy/net/tls-failure.ts';
import { receiveTls, type TlsAccepted } from '../../src/proxy/net/tls-intake.ts';
import { compileTlsPort, type TlsPort } from '../../src/proxy/net/tls-port.ts';
import { TlsTerminator } from '../../src/proxy/net/tls-terminator.ts';
import { TimerWheel } from '../../src/proxy/net/timer-wheel.ts';
import { testAttachment } from './attachment.ts';

const ATTACHMENT = testAttachment('tls');

export interface TlsOverrides extends Partial<Omit<ListenerTls, 'certificates' | 'clientValidation'>> {
  readonly clientValidation?: ClientValidation;
}

export function listenerTls(certificates: readonly Certificate[], overrides: TlsOverrides = {}): ListenerTls {
  return {
    certificates: certificates.map((certificate) => certificate.id),
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    cipherSuites: [],
    alpn: ['h2', 'http/1.1'],
    clientValidation: null,
    ...overrides,
  };
}

export function httpsListener(
  hostname: string,
  certificates: readonly Certificate[],
  overrides: TlsOverrides = {},
): HttpListener {
  const tls = listenerTls(certificates, overrides);
  const id = listenerId(`Gateway/default/test/https-${hostname}`);
  return { kind: 'http', id, attachment: ATTACHMENT, hostname, tls, virtualHosts: [] };
}

/** `terminate` null = passthrough. One rule for each of `routes`, named after its hostname. */
export function tlsListener(
  hostname: string,
  routes: readonly string[],
  terminate: readonly Certificate[] | null = null,
): TlsListener {
  const hosts = routes.map((route) => ({ hostname: route, rule: l4Rule(route) }));
  const tls = terminate === null ? null : listenerTls(terminate, { alpn: [] });
  const id = listenerId(`Gateway/default/test/tls-${hostname}`);
  return { kind: 'tls', id, attachment: ATTACHMENT, hostname, tls, hosts };
}

function l4Rule(name: string): L4Rule {
  const origin = { kind: 'TLSRoute', namespace: 'default', name, index: 0 };
  const cluster = clusterId(`default/${name}/443`);
  const backend = { kind: 'cluster', cluster, weight: 1, filters: [], origin } as const;
  return { id: ruleId(`TLSRoute/default/${name}/0`), origin, backends: [backend] };
}

export interface TestTlsPort {
  readonly port: number;
  readonly counters: TlsCounters;
  readonly terminator: TlsTerminator;
  readonly wheel: TimerWheel;
  /** Accepted connections so far. */
  readonly accepted: TlsAccepted<L4Rule>[];
  readonly refused: { readonly failure: TlsFailure; readonly detail: string }[];
  /** Replaces the listeners for new connections. */
  apply(listeners: readonly Listener[], certificates: readonly Certificate[]): void;
  close(): Promise<void>;
}

export interface TestTlsPortOptions {
  readonly handshakeTimeoutMs?: number;
  readonly ticketSecret?: Buffer;
  readonly terminator?: TlsTerminator;
  readonly onAccepted?: (connection: TlsAccepted<L4Rule>) => void;
}

/** Every accepted connection is echoed unless `onAccepted` does something else. */
export async function startTlsPort(
  listeners: readonly Listener[],
  certificates: readonly Certificate[],
  options: TestTlsPortOptions = {},
): Promise<TestTlsPort> {
  const terminator = options.terminator ?? new TlsTerminator(options.ticketSecret ?? Buffer.alloc(32, 1));
  const counters = new TlsCounters();
  const wheel = new TimerWheel();
  const deps = { terminator, counters, wheel, handshakeTimeoutMs: options.handshakeTimeoutMs ?? 5_000 };
  /** Every connection that is open. */
  const transports = new Set<Transport>();
  const accepted: TlsAccepted<L4Rule>[] = [];
  const refused: { failure: TlsFailure; detail: string }[] = [];
  let compiled = compile(listeners, certificates);
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
    const transport = transportOfAccepted(socket, DISCARDING_SINK);
    transports.add(transport);
    transport.onceClosed(() => transports.delete(transport));
    receiveTls(transport, compiled, deps, {
      onAccepted: (connection) => {
        accepted.push(connection);
        (options.onAccepted ?? echo)(connection);
      },
      onRefused: (failure, detail) => refused.push({ failure, detail }),
    });
  });
  const port = await listen(server);
  return {
    port,
    counters,
    terminator,
    wheel,
    accepted,
    refused,
    apply: (next, nextCertificates) => (compiled = compile(next, nextCertificates)),
    close: async () => {
      for (const transport of transports) transport.destroy();
      wheel.stop();
      server.close();
      await once(server, 'close');
    },
  };
}

function compile(listeners: readonly Listener[], certificates: readonly Certificate[]): TlsPort<L4Rule> {
  const byId = new Map(certificates.map((certificate) => [certificate.id, certificate]));
  return compileTlsPort({
    listeners: listeners.map((listener) => ({ listener, certificateOf: (id) => byId.get(id) })),
    httpProtocols: ['h2', 'http/1.1'],
    ruleOf: (rule) => rule,
  });
}

export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

function echo({ transport, ...connection }: TlsAccepted<L4Rule>): void {
  transport.sink = {
    ...DISCARDING_SINK,
    onBytes: (buffer, length) => transport.enqueueCopy(buffer, length),
    onEnd: () => transport.end(),
  };
  if (connection.kind === 'relay' && connection.firstBytes !== null) transport.enqueue(connection.firstBytes);
}
