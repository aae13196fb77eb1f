/** What proxies report, as the translator wants it: which Gateway is served at which version by how many, where, and what failed. */
import {
  gatewayKey,
  type GatewayKey,
  type PortReport,
  type RuleProblem,
  type ServingProxy,
} from '../configsync/protocol.ts';
import type { GatewayObservation } from '../gatewayapi/snapshot.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { compareText } from '../lib/compare.ts';
import type { Logger } from '../telemetry/logger.ts';

export type ObservedAddress = GatewayObservation['addresses'][number];

export interface ObservedGateway {
  readonly config: GatewayConfig;
  readonly proxies: readonly ServingProxy[];
  /** Proxies there should be. */
  readonly expected: number;
  /** Where the Gateway can be reached. */
  readonly addresses: readonly ObservedAddress[];
  /** See `GatewayObservation`. */
  readonly trouble?: string | null;
}

/**
 * Observes each Gateway by itself. One whose observation throws (a defect of ours) is left out, as if its proxies had reported
 * nothing, and no other Gateway waits for it.
 */
export function observeEach(
  configs: readonly GatewayConfig[],
  logger: Logger,
  observe: (config: GatewayConfig) => GatewayObservation,
): readonly GatewayObservation[] {
  return configs.flatMap((config) => {
    try {
      return [observe(config)];
    } catch (error) {
      const { namespace, name } = config.gateway;
      const problem = error instanceof Error ? error.stack : String(error);
      logger.error('observing a Gateway failed', { namespace, name, error: problem });
      return [];
    }
  });
}

/** What the proxies of a Gateway make of it, here and now. */
export function observeGateway({
  config,
  proxies,
  expected,
  addresses,
  trouble = null,
}: ObservedGateway): GatewayObservation {
  const { namespace, name } = config.gateway;
  return {
    namespace,
    name,
    addresses,
    trouble,
    acknowledged: acknowledged(config, proxies, expected),
    failedPorts: failedPorts(proxies.flatMap(({ ports }) => ports)),
    refused: proxies.find(({ refused }) => refused !== null)?.refused ?? null,
    problems: ruleProblems(proxies.flatMap(({ problems }) => problems)),
  };
}

/**
 * The newest generation of the Gateway that any proxy serves, and how many proxies serve it. It is the generation that
 * counts: a route's or an endpoint's change, on its way to the proxies, makes no Gateway less programmed.
 */
function acknowledged(
  { version, generation }: GatewayConfig,
  proxies: readonly ServingProxy[],
  expected: number,
): GatewayObservation['acknowledged'] {
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

/** Of the addresses a Gateway asks for, those on which something listens. */
export function boundAddresses(
  { addresses, gateway }: GatewayConfig,
  ports: readonly PortReport[],
): readonly ObservedAddress[] {
  const key: GatewayKey = gatewayKey(gateway);
  const bound = new Set(
    ports
      .filter((port) => port.error === null && gatewayKey(port.gateway) === key)
      .map(({ address }) => address),
  );
  return addresses.filter((value) => bound.has(value)).map((value) => ({ type: 'IPAddress', value }));
}

function failedPorts(ports: readonly PortReport[]): GatewayObservation['failedPorts'] {
  const failed = new Map<number, string>();
  for (const { port, error } of ports) if (error !== null && !failed.has(port)) failed.set(port, error);
  return [...failed].toSorted(([a], [b]) => a - b).map(([port, message]) => ({ port, message }));
}

/** Most proxies say the same of a rule. */
function ruleProblems(problems: readonly RuleProblem[]): NonNullable<GatewayObservation['problems']> {
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
