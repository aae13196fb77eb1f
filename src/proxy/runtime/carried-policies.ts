/**
 * What the policies of ports, listeners and layer-4 rules of one Gateway compile to. A policy that cannot act where it is may protect what
 * carries it, which is therefore closed: a kind of a newer controller, say. Policies of HTTP rules and backends are filters of theirs.
 */
import type { ClusterId, ListenerId, RuleId } from '../../ir/ids.ts';
import type { L4Rule, Listener, Port } from '../../ir/listener.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import type { PolicySecret } from '../../ir/secret.ts';
import type { FilterChain } from '../exchange/http-filter.ts';
import type { RefusalCounter } from '../exchange/policy-refusals.ts';
import type { FilterDeps } from '../filter/definition.ts';
import type { FilterTable } from '../filter/filter-table.ts';
import type { ConnectionFilters } from '../net/connection-filter.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { RuleProblem } from './rule-problem.ts';

/** What a compilation asked for. */
export interface CompilationUses {
  readonly uses: readonly (readonly [ClusterId, UpstreamCluster | null])[];
  readonly secrets: readonly PolicySecret[];
  readonly refusals: readonly RefusalCounter[];
}

/** The compiler of the Gateway, as far as policies need it. */
export interface PolicyCompilation {
  readonly filters: FilterTable;
  /** Runs `compile` and notes what it asks for. */
  track<Result>(compile: (deps: FilterDeps) => Result): CompilationUses & { readonly result: Result };
  /** Whether it would get the same again; counters that it uses are then kept. */
  takeOver(uses: CompilationUses): boolean;
}

interface Compiled<Result> extends CompilationUses {
  readonly policies: readonly PolicyValue[];
  readonly result: Result;
}

type Policies = readonly PolicyValue[] | undefined;

export class CarriedPolicies {
  /** Listeners that are closed, and why. */
  readonly closed: ReadonlyMap<ListenerId, string>;
  /** Layer-4 rules that are closed. */
  readonly problems = new Map<RuleId, Pick<RuleProblem, 'rule' | 'message'>>();
  readonly #compilation: PolicyCompilation;
  readonly #connections = new Map<string, Compiled<ConnectionFilters | null>>();
  readonly #responses = new Map<string, Compiled<FilterChain | null>>();
  #before: CarriedPolicies | null;

  constructor(ports: readonly Port[], compilation: PolicyCompilation, before: CarriedPolicies | null) {
    this.#compilation = compilation;
    this.#before = before;
    this.closed = this.#compileListeners(ports);
  }

  /** Nothing is compiled from now on: the previous compilation is released. */
  finish(): void {
    this.#before = null;
  }

  #compileListeners(ports: readonly Port[]): ReadonlyMap<ListenerId, string> {
    const closed = new Map<ListenerId, string>();
    for (const port of ports) {
      const ofPort = problemOf(() => this.#connectionsOf(keyOfPort(port), port.policies));
      for (const { id, policies } of port.listeners) {
        const problem = ofPort ?? problemOf(() => this.#compileListener(id, policies));
        if (problem !== null) closed.set(id, problem);
      }
    }
    return closed;
  }

  #compileListener(id: ListenerId, policies: Policies): void {
    if (policies === undefined) return;
    const { filters } = this.#compilation;
    const before = this.#before;
    const known = before === null ? undefined : before.#responses.get(id);
    if (known?.policies === policies && this.#compilation.takeOver(known)) this.#responses.set(id, known);
    else {
      const tracked = this.#compilation.track((deps) => filters.compileListener(policies, deps));
      this.#responses.set(id, { policies, ...tracked });
    }
    this.#connectionsOf(id, filters.actingOnConnections(policies));
  }

  /** What acts on responses to requests that reach none of the listener's rules; null for nothing. */
  responsesOf(listener: ListenerId): FilterChain | null {
    return this.#responses.get(listener)?.result ?? null;
  }

  /** What decides about every connection of the port: its policies, and those of its listeners, of which none is known yet. */
  connectionsOfPort(port: Port): readonly (ConnectionFilters | null)[] {
    return [keyOfPort(port), ...port.listeners.map(({ id }) => id)].map(
      (key) => this.#connections.get(key)?.result ?? null,
    );
  }

  /** Throws for a policy that cannot act there. */
  connectionsOfRule(rule: L4Rule): ConnectionFilters | null {
    return this.#connectionsOf(rule.id, rule.policies);
  }

  /** As `connectionsOfRule`, for the backend at `index`. */
  connectionsOfBackend(rule: L4Rule, index: number): ConnectionFilters | null {
    const backend = rule.backends[index];
    const policies = backend?.kind === 'cluster' ? backend.policies : undefined;
    const added = this.#compilation.filters.addedBy({ policies: policies ?? [] }, rule);
    return this.#connectionsOf(`${rule.id} ${String(index)}`, added);
  }

  #connectionsOf(key: string, policies: Policies): ConnectionFilters | null {
    if (policies === undefined || policies.length === 0) return null;
    const done = this.#connections.get(key);
    if (done !== undefined) return done.result;
    const { filters } = this.#compilation;
    const before = this.#before;
    const known = before === null ? undefined : before.#connections.get(key);
    if (known !== undefined && haveSameItems(known.policies, policies) && this.#compilation.takeOver(known)) {
      this.#connections.set(key, known);
      return known.result;
    }
    const old = known?.result ?? null;
    const tracked = this.#compilation.track((deps) => filters.compileConnections(policies, deps, old));
    this.#connections.set(key, { policies, ...tracked });
    return tracked.result;
  }

  /** The listener without closed layer-4 rules; closed ones refuse their connections. */
  withoutClosedRules(listener: Listener): Listener {
    if (listener.kind === 'http') return listener;
    const closed = this.closed.get(listener.id) ?? null;
    if (listener.kind === 'tls') {
      const hosts = listener.hosts.map((host) => ({ ...host, rule: this.#openRule(host.rule, closed) }));
      return hosts.every(({ rule }, at) => rule === listener.hosts[at]?.rule)
        ? listener
        : { ...listener, hosts };
    }
    const rule = listener.rule === null ? null : this.#openRule(listener.rule, closed);
    return rule === listener.rule ? listener : { ...listener, rule };
  }

  /** `closed`: why its listener is closed, or null. */
  #openRule(rule: L4Rule, closed: string | null): L4Rule {
    const compileAll = (): void => {
      this.connectionsOfRule(rule);
      for (const index of rule.backends.keys()) this.connectionsOfBackend(rule, index);
    };
    const problem = closed ?? problemOf(compileAll);
    if (problem === null) return rule;
    this.problems.set(rule.id, { rule: rule.origin, message: problem });
    return { ...rule, policies: [], backends: [] };
  }
}

const keyOfPort = ({ transport, number }: Port): string => `${transport}/${String(number)}`;

const haveSameItems = (a: readonly PolicyValue[], b: readonly PolicyValue[]): boolean =>
  a.length === b.length && a.every((value, at) => value === b[at]);

function problemOf(compile: () => unknown): string | null {
  try {
    compile();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
