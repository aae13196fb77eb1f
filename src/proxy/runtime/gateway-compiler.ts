/** The rules of one Gateway, compiled when one of its listeners uses them; unchanged rules are reused. */
import { originOfAttachment } from '../../ir/attachment-point.ts';
import { originOfDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { KeySets } from '../../credentials/key-sets.ts';
import type { PasswordChecks } from '../../credentials/password-checks.ts';
import type { CertificateId, ClusterId, ListenerId, RuleId, SecretId } from '../../ir/ids.ts';
import type { HttpListener, Listener } from '../../ir/listener.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { PolicySecret } from '../../ir/secret.ts';
import type { Certificate } from '../../ir/tls.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { ClusterRegistry } from '../upstream/cluster-registry.ts';
import type { CompiledGateway, CompiledRule } from '../exchange/compiled-rule.ts';
import type { RefusalCounter, RefusalRegistry } from '../exchange/policy-refusals.ts';
import type { CounterRegistry } from '../exchange/request-counters.ts';
import { NO_FILTERS } from '../exchange/http-filter.ts';
import type { FilterDeps } from '../filter/definition.ts';
import type { FilterTable } from '../filter/filter-table.ts';
import type { Leases } from '../limits/leases.ts';
import { limitSpec } from '../limits/limit-spec.ts';
import type { RuleProblem } from './rule-problem.ts';
import type { ListenerSource } from './compile-l4.ts';
import { compileRule } from './compile-rule.ts';
import { CarriedPolicies, type CompilationUses } from './carried-policies.ts';

export interface GatewayCompilerDeps {
  readonly clusters: ClusterRegistry;
  readonly counters: CounterRegistry;
  readonly refusals: RefusalRegistry;
  readonly leases: Leases;
  readonly filters: FilterTable;
  readonly keySets: KeySets;
  readonly passwords: PasswordChecks;
}

/** A compiled rule, with every cluster and secret that it uses: it is reused while it would get the same ones. */
interface Compilation extends CompilationUses {
  readonly rule: CompiledRule;
  /** Why it was not compiled as it is configured; null when it was. */
  readonly problem: string | null;
}

type Compilations = Map<ListenerId, Map<RuleId, Compilation>>;

export class GatewayCompiler {
  readonly gateway: CompiledGateway;
  readonly #deps: GatewayCompilerDeps;
  readonly #config: GatewayConfig;
  readonly #rules: ReadonlyMap<RuleId, GatewayConfig['rules'][number]>;
  readonly #definitions: ReadonlyMap<ClusterId, GatewayConfig['clusters'][number]>;
  readonly #certificates: ReadonlyMap<CertificateId, Certificate>;
  /** Of ports, listeners and layer-4 rules. */
  readonly policies: CarriedPolicies;
  readonly #secrets: ReadonlyMap<SecretId, PolicySecret>;
  readonly #found = new Map<ClusterId, UpstreamCluster>();
  readonly #compiled: Compilations = new Map();
  #before: Compilations | null;

  constructor(config: GatewayConfig, deps: GatewayCompilerDeps, before: GatewayCompiler | null) {
    const old = before === null ? null : before.#config;
    this.#config = config;
    this.#deps = deps;
    this.gateway =
      before?.gateway.dataPlane === config.dataPlane && before.gateway.settings === config.settings
        ? before.gateway
        : {
            dataPlane: config.dataPlane,
            origin: originOfDataPlane(config.dataPlane),
            settings: config.settings,
          };
    this.#rules =
      before !== null && old?.rules === config.rules
        ? before.#rules
        : new Map(config.rules.map((rule) => [rule.id, rule]));
    this.#definitions =
      before !== null && old?.clusters === config.clusters
        ? before.#definitions
        : new Map(config.clusters.map((cluster) => [cluster.id, cluster]));
    this.#certificates = new Map(config.certificates.map((certificate) => [certificate.id, certificate]));
    this.#secrets = new Map((config.secrets ?? []).map((secret) => [secret.id, secret]));
    this.#before = before === null ? null : before.#compiled;
    const compilation = {
      filters: deps.filters,
      track: <Result>(compile: (deps: FilterDeps) => Result) => this.#track(compile),
      takeOver: (known: CompilationUses) => this.#takeOverUses(known),
    };
    this.policies = new CarriedPolicies(config.ports, compilation, before?.policies ?? null);
  }

  /** What the rules of a layer-4 listener of this configuration need. */
  sourceOf(listener: Listener): ListenerSource {
    return {
      listener: this.policies.withoutClosedRules(listener),
      gateway: this.gateway,
      policies: this.policies,
      clusterOf: (id) => this.#clusterOf(id),
      certificateOf: (id) => this.#certificates.get(id),
    };
  }

  /** null: the configuration has no such rule. */
  compile(id: RuleId, listener: HttpListener): CompiledRule | null {
    let compiled = this.#compiled.get(listener.id);
    if (compiled === undefined) {
      compiled = new Map();
      this.#compiled.set(listener.id, compiled);
    }
    const done = compiled.get(id);
    if (done !== undefined) return done.rule;
    const rule = this.#rules.get(id);
    if (rule === undefined) return null;
    const known = this.#before?.get(listener.id)?.get(id);
    const compilation =
      known?.rule.config === rule && !this.policies.closed.has(listener.id) && this.#isStillTrue(known)
        ? this.#takeOver(known)
        : this.#compile(rule, listener);
    compiled.set(id, compilation);
    return compilation.rule;
  }

  /** Nothing is compiled from now on: the previous compilation is released. */
  finish(): void {
    this.#before = null;
    this.policies.finish();
  }

  #isStillTrue(compilation: Compilation): boolean {
    const { rule, problem } = compilation;
    return problem === null && rule.gateway === this.gateway && this.#areSame(compilation);
  }

  #areSame({ uses, secrets }: CompilationUses): boolean {
    return (
      uses.every(([id, cluster]) => this.#clusterOf(id) === cluster) &&
      secrets.every(({ id, text }) => this.#secrets.get(id)?.text.reveal() === text.reveal())
    );
  }

  #takeOver(known: Compilation): Compilation {
    const { counters, backends } = known.rule;
    this.#deps.counters.keep(counters);
    for (const refusal of known.refusals) this.#deps.refusals.keep(refusal);
    for (const backend of backends) this.#deps.counters.keep(backend.counters);
    return known;
  }

  #takeOverUses(known: CompilationUses): boolean {
    if (!this.#areSame(known)) return false;
    for (const refusal of known.refusals) this.#deps.refusals.keep(refusal);
    return true;
  }

  #track<Result>(compile: (deps: FilterDeps) => Result): CompilationUses & { readonly result: Result } {
    const { deps, ...uses } = this.#recorder();
    return { ...uses, result: compile(deps) };
  }

  /** What filters may ask for, and lists of what they did. */
  #recorder(): { readonly deps: FilterDeps } & CompilationUses {
    const uses: [ClusterId, UpstreamCluster | null][] = [];
    const { keySets, passwords } = this.#deps;
    const secrets: PolicySecret[] = [];
    const refusals: RefusalCounter[] = [];
    const { gateway } = this;
    const { leases } = this.#deps;
    const deps: FilterDeps = {
      clusterOf: (id) => {
        const cluster = this.#clusterOf(id);
        uses.push([id, cluster]);
        return cluster;
      },
      refusalCounterOf: (refusal) => {
        const counter = this.#deps.refusals.get({ ...refusal, gateway: this.gateway.origin });
        refusals.push(counter);
        return counter;
      },
      leases,
      limitOf: (limit) => leases.limit(limitSpec(gateway.dataPlane, limit)),
      keySetOf: (id) => keySets.get(id),
      secretOf: (id) => {
        const secret = this.#secrets.get(id) ?? null;
        if (secret !== null) secrets.push(secret);
        return secret;
      },
      passwords,
    };
    return { deps, uses, secrets, refusals };
  }

  #compile(rule: GatewayConfig['rules'][number], { id, attachment }: HttpListener): Compilation {
    const { counters, filters } = this.#deps;
    const recorder = this.#recorder();
    const { uses, secrets, refusals } = recorder;
    const deps = { gateway: this.gateway, counters, filters, ...recorder.deps };
    try {
      const closed = this.policies.closed.get(id);
      if (closed !== undefined) throw new Error(closed);
      const compiled = compileRule(rule, originOfAttachment(attachment), deps);
      // A copy has no spare capacity, unlike an array that grew.
      return {
        rule: compiled,
        uses: uses.slice(),
        secrets: copyOf(secrets),
        refusals: copyOf(refusals),
        problem: null,
      };
    } catch (error) {
      // A rule that the translator accepted but that cannot be compiled affects only itself.
      const problem = error instanceof Error ? error.message : String(error);
      const compiled = compileRule(failing(rule, problem), originOfAttachment(attachment), deps);
      const responses = this.policies.responsesOf(id) ?? NO_FILTERS;
      return {
        rule: { ...compiled, config: rule, filters: responses },
        uses,
        secrets,
        refusals,
        problem,
      };
    }
  }

  /** Rules that were not compiled as they are configured. */
  get problems(): readonly RuleProblem[] {
    const { dataPlane } = this.gateway;
    const problems = new Map<RuleId, RuleProblem>();
    for (const [id, problem] of this.policies.problems) problems.set(id, { dataPlane, ...problem });
    for (const compiled of this.#compiled.values()) {
      for (const [id, { rule, problem }] of compiled) {
        if (problem !== null) problems.set(id, { dataPlane, rule: rule.config.origin, message: problem });
      }
    }
    return [...problems.values()];
  }

  #clusterOf(id: ClusterId): UpstreamCluster | null {
    const known = this.#found.get(id);
    if (known !== undefined) return known;
    const definition = this.#definitions.get(id);
    if (definition === undefined) return null;
    const certificate = definition.tls?.clientCertificate ?? null;
    const cluster = this.#deps.clusters.get(
      definition,
      certificate === null ? null : (this.#certificates.get(certificate) ?? null),
    );
    this.#found.set(id, cluster);
    return cluster;
  }
}

const NOTHING: readonly never[] = [];

const copyOf = <Item>(items: readonly Item[]): readonly Item[] =>
  items.length === 0 ? NOTHING : items.slice();

/** The rule, responding to every request with 500. */
const failing = (rule: RouteRule, message: string): RouteRule => ({
  ...rule,
  filters: [],
  policies: [],
  action: { kind: 'fail', status: 500, reason: 'invalid_rule', message },
});
