/** Configurations compiled for serving. Immutable: a swap puts a new one in the place of the old. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { CertificateId, ClusterId, RuleId } from '../../ir/ids.ts';
import type { HttpListener, Listener, Port } from '../../ir/listener.ts';
import type { Certificate } from '../../ir/tls.ts';
import type { UpstreamCluster } from '../cluster/cluster.ts';
import type { ClusterRegistry } from '../cluster/cluster-registry.ts';
import type { CounterRegistry, RequestCounters } from '../http/request-counters.ts';
import type { RegexCompiler } from '../router/entry.ts';
import { PortRouter } from '../router/router.ts';
import type { StreamCounterRegistry } from '../l4/stream-counters.ts';
import { compileL4Port, type CompiledL4Port, type ListenerSource } from './compile-l4.ts';
import { compileRule, type RuleCompilerDeps } from './compile-rule.ts';
import type { CompiledGateway, CompiledRule } from './compiled-rule.ts';

export interface CompilerDeps {
  readonly clusters: ClusterRegistry;
  readonly counters: CounterRegistry;
  readonly streamCounters: StreamCounterRegistry;
  readonly regex: RegexCompiler;
}

/** A listener and the Gateway it came with. */
export interface PlacedListener {
  readonly listener: Listener;
  readonly gateway: CompiledGateway;
  readonly config: GatewayConfig;
}

/** One address and port with every listener there, of whichever Gateways. */
export interface CompiledPort {
  /** `tcp 0.0.0.0:80`. */
  readonly key: string;
  readonly address: string;
  readonly number: number;
  readonly transport: Port['transport'];
  readonly listeners: readonly PlacedListener[];
  readonly router: PortRouter<CompiledRule>;
  /** Everything below HTTP. */
  readonly l4: CompiledL4Port;
  readonly http: ReadonlyMap<HttpListener, CompiledHttpListener>;
}

export interface CompiledHttpListener {
  readonly gateway: CompiledGateway;
  /** Of requests that the listener takes and no rule of it. */
  readonly counters: RequestCounters;
}

export interface Runtime {
  readonly ports: ReadonlyMap<string, CompiledPort>;
}

interface PlacedPort {
  readonly address: string;
  readonly port: Port;
  readonly gateway: CompiledGateway;
  readonly config: GatewayConfig;
}

/** `defaultAddress`: for Gateways without addresses. */
export function compileRuntime(
  configs: readonly GatewayConfig[],
  defaultAddress: string,
  deps: CompilerDeps,
): Runtime {
  const byKey = new Map<string, PlacedPort[]>();
  const compilers = new Map<CompiledGateway, RuleCompiler>();
  for (const config of configs) {
    const gateway = { origin: config.gateway, settings: config.settings };
    compilers.set(gateway, new RuleCompiler(config, gateway, deps));
    const addresses = config.addresses.length === 0 ? [defaultAddress] : config.addresses;
    for (const port of config.ports) {
      for (const address of addresses) {
        const key = portKey(port, address);
        byKey.set(key, [...(byKey.get(key) ?? []), { address, port, gateway, config }]);
      }
    }
  }
  const ports = new Map<string, CompiledPort>();
  for (const [key, placed] of byKey) ports.set(key, compilePort(key, placed, compilers, deps));
  return { ports };
}

function portKey(port: Pick<Port, 'transport' | 'number'>, address: string): string {
  return `${port.transport} ${address}:${port.number}`;
}

function compilePort(
  key: string,
  placed: readonly PlacedPort[],
  compilers: ReadonlyMap<CompiledGateway, RuleCompiler>,
  { counters, streamCounters, regex }: CompilerDeps,
): CompiledPort {
  const listeners = placed.flatMap(({ port, gateway, config }): PlacedListener[] =>
    port.listeners.map((listener) => ({ listener, gateway, config })),
  );
  const http = new Map<HttpListener, CompiledHttpListener>();
  for (const { listener, gateway } of listeners) {
    if (listener.kind !== 'http') continue;
    const labels = { gateway: gateway.origin, listener: listener.origin, rule: null, backend: null };
    http.set(listener, { gateway, counters: counters.get(labels) });
  }
  const ruleOf = (id: RuleId, listener: HttpListener): CompiledRule | null => {
    const gateway = http.get(listener)?.gateway;
    return gateway === undefined ? null : (compilers.get(gateway)?.compile(id, listener) ?? null);
  };
  const router = new PortRouter({ listeners: [...http.keys()], ruleOf, regex });
  const sources = listeners.flatMap(({ listener, gateway }): ListenerSource[] => {
    const compiler = compilers.get(gateway);
    return compiler === undefined ? [] : [compiler.sourceOf(listener)];
  });
  const [first] = placed;
  return {
    key,
    address: first?.address ?? '',
    number: first?.port.number ?? 0,
    transport: first?.port.transport ?? 'tcp',
    listeners,
    router,
    l4: compileL4Port(sources, streamCounters),
    http,
  };
}

/** The rules of one Gateway, compiled when a listener of it first names them. */
class RuleCompiler {
  readonly #rules: ReadonlyMap<RuleId, GatewayConfig['rules'][number]>;
  readonly #deps: RuleCompilerDeps;
  readonly #certificates: ReadonlyMap<CertificateId, Certificate>;
  readonly #compiled = new Map<string, CompiledRule>();

  constructor(config: GatewayConfig, gateway: CompiledGateway, { clusters, counters }: CompilerDeps) {
    this.#rules = new Map(config.rules.map((rule) => [rule.id, rule]));
    const definitions = new Map(config.clusters.map((cluster) => [cluster.id, cluster]));
    const certificates = new Map(config.certificates.map((certificate) => [certificate.id, certificate]));
    const found = new Map<ClusterId, UpstreamCluster>();
    const clusterOf = (id: ClusterId): UpstreamCluster | null => {
      const known = found.get(id);
      if (known !== undefined) return known;
      const definition = definitions.get(id);
      if (definition === undefined) return null;
      const certificate = certificateOf(certificates, definition.tls?.clientCertificate ?? null);
      const cluster = clusters.get(definition, certificate);
      found.set(id, cluster);
      return cluster;
    };
    this.#certificates = certificates;
    this.#deps = { gateway, counters, clusterOf };
  }

  /** What the rules of a layer-4 listener of this configuration need. */
  sourceOf(listener: Listener): ListenerSource {
    const { gateway, clusterOf } = this.#deps;
    return { listener, gateway, clusterOf, certificateOf: (id) => this.#certificates.get(id) };
  }

  compile(id: RuleId, listener: HttpListener): CompiledRule | null {
    const rule = this.#rules.get(id);
    if (rule === undefined) return null;
    const key = `${listener.id} ${id}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const compiled = compileRule(rule, listener.origin, this.#deps);
    this.#compiled.set(key, compiled);
    return compiled;
  }
}

function certificateOf(
  certificates: ReadonlyMap<CertificateId, Certificate>,
  id: CertificateId | null,
): Certificate | null {
  return id === null ? null : (certificates.get(id) ?? null);
}
