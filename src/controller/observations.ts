/** Reports of proxies for the translator: by data plane, the served version, by how many proxies, where, and failures. */
import type { PortReport, RuleProblem, ServingProxy } from '../configsync/protocol.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { compareText } from '../lib/compare.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { DataPlaneObservation } from '../translator/observations.ts';

export type ObservedAddress = DataPlaneObservation['addresses'][number];

export interface ObservedDataPlane {
  readonly config: GatewayConfig;
  readonly proxies: readonly ServingProxy[];
  /** Expected number of proxies. */
  readonly expected: number;
  /** Addresses at which clients reach it. */
  readonly addresses: readonly ObservedAddress[];
  /** See `DataPlaneObservation`. */
  readonly trouble?: string | null;
}

/**
 * Observes each data plane separately. One whose observation throws (a bug in Sluice) is omitted, as if its proxies had reported
 * nothing, and the others are not affected.
 */
export function observeEach(
  configs: readonly GatewayConfig[],
  logger: Logger,
  observe: (config: GatewayConfig) => DataPlaneObservation,
): readonly DataPlaneObservation[] {
  return configs.flatMap((config) => {
    try {
      return [observe(config)];
    } catch (error) {
      const problem = error instanceof Error ? error.stack : String(error);
      logger.error('observing a data plane failed', { dataPlane: config.dataPlane, error: problem });
      return [];
    }
  });
}

/** The configuration that the proxies of a data plane serve now. */
export function observeDataPlane({
  config,
  proxies,
  expected,
  addresses,
  trouble = null,
}: ObservedDataPlane): DataPlaneObservation {
  return {
    dataPlane: config.dataPlane,
    addresses,
    trouble: trouble ?? incompatibleProxies(proxies),
    acknowledged: acknowledged(config, proxies, expected),
    failedPorts: failedPorts(proxies.flatMap(({ ports }) => ports)),
    refused: proxies.find(({ refused }) => refused !== null)?.refused ?? null,
    problems: ruleProblems(proxies.flatMap(({ problems }) => problems)),
  };
}

/**
 * The newest generation that any proxy serves, and how many serve it. Compares generations, not versions: a change of a route or
 * an endpoint that proxies do not serve yet does not change whether the Gateway is programmed.
 */
function acknowledged(
  { version, generation }: GatewayConfig,
  proxies: readonly ServingProxy[],
  expected: number,
): DataPlaneObservation['acknowledged'] {
  const served = proxies.flatMap(({ serving }) => (serving === null ? [] : [serving]));
  const newest = Math.max(...served.map((one) => one.generation));
  const serving = served.filter((one) => one.generation === newest);
  const isPublished = newest === generation && serving.some((one) => one.version === version);
  const [first] = serving;
  if (first === undefined) return null;
  return {
    version: isPublished ? version : first.version,
    generation: newest,
    proxies: serving.length,
    expected,
  };
}

/** Proxies that keep an earlier configuration because they have no version in common with the controller. */
function incompatibleProxies(proxies: readonly ServingProxy[]): string | null {
  const problems = proxies.flatMap(({ incompatible }) => incompatible ?? []);
  const [problem] = problems;
  if (problem === undefined) return null;
  const subject = problems.length === 1 ? '1 proxy keeps' : `${String(problems.length)} proxies keep`;
  return `${subject} the previous configuration: ${problem}`;
}

/** The requested addresses of a Gateway on which something listens. */
export function boundAddresses(
  { addresses, dataPlane }: GatewayConfig,
  ports: readonly PortReport[],
): readonly ObservedAddress[] {
  const bound = new Set(
    ports.filter((port) => port.error === null && port.dataPlane === dataPlane).map(({ address }) => address),
  );
  return addresses.filter((value) => bound.has(value)).map((value) => ({ type: 'IPAddress', value }));
}

function failedPorts(ports: readonly PortReport[]): DataPlaneObservation['failedPorts'] {
  const failed = new Map<number, string>();
  for (const { port, error } of ports) if (error !== null && !failed.has(port)) failed.set(port, error);
  return [...failed].toSorted(([a], [b]) => a - b).map(([port, message]) => ({ port, message }));
}

/** Most proxies report the same problem for a rule. */
function ruleProblems(problems: readonly RuleProblem[]): NonNullable<DataPlaneObservation['problems']> {
  const byRule = new Map(
    problems.map((problem) => [`${routeOf(problem)}/${String(problem.rule.index)}`, problem]),
  );
  return [...byRule]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([, { rule, message }]) => {
      const { kind, namespace, name, index } = rule;
      return { route: { kind, namespace, name }, rule: index, message };
    });
}

const routeOf = ({ rule: { kind, namespace, name } }: RuleProblem): string => `${kind}/${namespace}/${name}`;
