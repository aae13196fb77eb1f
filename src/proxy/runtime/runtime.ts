/**
 * Configurations compiled for serving. Immutable: an update replaces the whole and reuses unchanged parts, so that it costs
 * compiling the changed parts, and comparing the rest by identity.
 */
import type { KeySets } from '../../credentials/key-sets.ts';
import type { PasswordChecks } from '../../credentials/password-checks.ts';
import { originOfAttachment } from '../../ir/attachment-point.ts';
import { strictestLimits, type ClientLimits } from '../../ir/client-limits.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { HttpListener, Listener, Port } from '../../ir/listener.ts';
import type { ClusterRegistry } from '../upstream/cluster-registry.ts';
import type { CompiledGateway, CompiledRule } from '../exchange/compiled-rule.ts';
import type { RefusalRegistry } from '../exchange/policy-refusals.ts';
import type { FilterChain } from '../exchange/http-filter.ts';
import type { CounterRegistry, RequestCounters } from '../exchange/request-counters.ts';
import type { FilterTable } from '../filter/filter-table.ts';
import { ConnectionFilters } from '../net/connection-filter.ts';
import type { Leases } from '../limits/leases.ts';
import type { StreamCounterRegistry } from '../l4/stream-counters.ts';
import type { RegexCompiler } from '../router/entry.ts';
import { PortRouter, type ListenerRef } from '../router/router.ts';
import { compileL4Port, type CompiledL4Port, type ListenerSource } from './compile-l4.ts';
import { GatewayCompiler } from './gateway-compiler.ts';

export interface CompilerDeps {
  readonly clusters: ClusterRegistry;
  readonly counters: CounterRegistry;
  readonly refusals: RefusalRegistry;
  readonly leases: Leases;
  readonly streamCounters: StreamCounterRegistry;
  readonly filters: FilterTable;
  readonly keySets: KeySets;
  readonly passwords: PasswordChecks;
  readonly regex: RegexCompiler;
}

/** A listener and its Gateway. */
export interface PlacedListener {
  readonly listener: Listener;
  readonly gateway: CompiledGateway;
}

/** One address and port with all its listeners, of any Gateways. */
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
  readonly http: ReadonlyMap<ListenerRef, CompiledHttpListener>;
  /** Asked about every connection, once its client is known; null: nothing is. */
  readonly connections: ConnectionFilters | null;
  /** For every client of the port: before its first request, a connection belongs to no Gateway. */
  readonly limits: ClientLimits;
}

export interface CompiledHttpListener {
  readonly gateway: CompiledGateway;
  /** For requests that match the listener but none of its rules. */
  readonly counters: RequestCounters;
  /** For the responses to these requests; null: nothing acts on them. */
  readonly filters: FilterChain | null;
}

export interface Runtime {
  readonly ports: ReadonlyMap<string, CompiledPort>;
  /** By `namespace/name`: compilers that the next runtime may reuse. */
  readonly gateways: ReadonlyMap<DataPlaneId, GatewayCompiler>;
}

export const EMPTY_RUNTIME: Runtime = { ports: new Map(), gateways: new Map() };

interface PlacedPort {
  readonly address: string;
  readonly port: Port;
  readonly compiler: GatewayCompiler;
}

export interface RuntimeInput {
  readonly configs: readonly GatewayConfig[];
  /** For Gateways without addresses. */
  readonly defaultAddress: string;
  /** The active configuration. */
  readonly before: Runtime;
}

export function compileRuntime(
  { configs, defaultAddress, before }: RuntimeInput,
  deps: CompilerDeps,
): Runtime {
  const byKey = new Map<string, PlacedPort[]>();
  const gateways = new Map<DataPlaneId, GatewayCompiler>();
  for (const config of configs) {
    const { dataPlane } = config;
    const compiler = new GatewayCompiler(config, deps, before.gateways.get(dataPlane) ?? null);
    gateways.set(dataPlane, compiler);
    const addresses = config.addresses.length === 0 ? [defaultAddress] : config.addresses;
    for (const port of config.ports) {
      for (const address of addresses) {
        const key = portKey(port, address);
        byKey.set(key, [...(byKey.get(key) ?? []), { address, port, compiler }]);
      }
    }
  }
  const ports = new Map<string, CompiledPort>();
  for (const [key, placed] of byKey) {
    ports.set(key, compilePort(key, placed, { ...deps, before: before.ports.get(key)?.router ?? null }));
  }
  for (const compiler of gateways.values()) compiler.finish();
  return { ports, gateways };
}

function portKey(port: Pick<Port, 'transport' | 'number'>, address: string): string {
  return `${port.transport} ${address}:${port.number}`;
}

function compilePort(
  key: string,
  placed: readonly PlacedPort[],
  {
    counters,
    streamCounters,
    regex,
    before,
  }: CompilerDeps & { readonly before: PortRouter<CompiledRule> | null },
): CompiledPort {
  const sources = placed.flatMap(({ port, compiler }) =>
    port.listeners.map((listener) => ({ listener, compiler })),
  );
  const compilers = new Map<Listener, GatewayCompiler>();
  for (const { listener, compiler } of sources) compilers.set(listener, compiler);
  const router = new PortRouter<CompiledRule>({
    listeners: sources.flatMap(({ listener }): HttpListener[] =>
      listener.kind === 'http' ? [listener] : [],
    ),
    ruleOf: (id, listener) => compilers.get(listener)?.compile(id, listener) ?? null,
    answersPreflights: (rule) => rule.answersPreflights,
    regex,
    before,
  });
  const http = new Map<ListenerRef, CompiledHttpListener>();
  for (const { listener, ref } of router.listeners.values()) {
    const compiler = compilers.get(listener);
    if (compiler === undefined) continue;
    const { gateway } = compiler;
    const labels = {
      gateway: gateway.origin,
      listener: originOfAttachment(listener.attachment),
      rule: null,
      backend: null,
    };
    http.set(ref, {
      gateway,
      counters: counters.get(labels),
      filters: compiler.policies.responsesOf(listener.id),
    });
  }
  const l4Sources = sources.map(({ listener, compiler }): ListenerSource => compiler.sourceOf(listener));
  const connections = ConnectionFilters.join(
    placed.flatMap(({ port, compiler }) => compiler.policies.connectionsOfPort(port)),
  );
  const [first] = placed;
  return {
    key,
    address: first?.address ?? '',
    number: first?.port.number ?? 0,
    transport: first?.port.transport ?? 'tcp',
    listeners: sources.map(({ listener, compiler }) => ({ listener, gateway: compiler.gateway })),
    router,
    l4: compileL4Port(l4Sources, streamCounters, connections),
    http,
    connections,
    limits: strictestLimits([...new Set(placed.map(({ compiler }) => compiler.gateway.settings.limits))]),
  };
}
