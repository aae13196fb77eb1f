/** The data of `explain`, from manifests or from a running gateway. */
import type { GatewayReport, ListenerReport } from '../../admin/status-report.ts';
import type { Explanation } from '../../proxy/router/explain.ts';
import { isAsWanted } from '../verdict.ts';

export interface ExplainAnswer {
  /** One for each Gateway that listens on the port. */
  readonly explanations: readonly Explanation[];
  /** The requested listener port. */
  readonly port: number;
  readonly gateways: readonly GatewayReport[];
  /** Additional notes, one line each. */
  readonly notes: readonly string[];
}

/** A refusal, an error of the gateway itself, or an error for a share of the requests. */
export function isTrouble({ outcome, backends }: Explanation): boolean {
  return outcome === 'refuse' || (outcome === 'forward' && hasFailingShare(backends));
}

export const hasFailingShare = (backends: Explanation['backends']): boolean =>
  backends.some(({ weight, problem }) => weight > 0 && problem !== null);

/** Listeners of the port that serve nothing, each with the reason. */
export function listenersNotServed({ gateways, port }: Pick<ExplainAnswer, 'gateways' | 'port'>): string[] {
  return gateways.flatMap((gateway) =>
    gateway.listeners.flatMap((listener) => {
      const why = listener.port === port ? whyNotServed(listener) : null;
      return why === null ? [] : [`${nameOf(gateway, listener)} is not served: ${why}`];
    }),
  );
}

/** Listeners whose port could not be bound, so clients do not reach them. */
export const isUnbound = ({ gateways, port }: Pick<ExplainAnswer, 'gateways' | 'port'>): boolean =>
  gateways.some(({ listeners }) =>
    listeners.some(
      (listener) =>
        listener.port === port && listener.conditions.some(({ reason }) => reason === 'PortUnavailable'),
    ),
  );

/** Manifests do not show whether proxies run: a listener that only waits for them counts as served. */
function whyNotServed({ conditions }: ListenerReport): string | null {
  const programmed = conditions.find(({ type }) => type === 'Programmed');
  if (programmed?.status !== 'False' || programmed.reason === 'Pending') return null;
  const cause = conditions.find((one) => one.status === 'False' && !isAsWanted(one)) ?? programmed;
  return `${cause.reason}: ${cause.message}`;
}

export function servedListeners({ gateways }: Pick<ExplainAnswer, 'gateways'>): string[] {
  return gateways.flatMap((gateway) =>
    gateway.listeners.flatMap((listener) => {
      if (whyNotServed(listener) !== null) return [];
      const ports = new Set(listener.bound.map(({ port }) => port).filter((port) => port !== listener.port));
      const mapped = ports.size === 0 ? '' : `, bound as ${[...ports].join(', ')}`;
      return [`${String(listener.port)} ${listener.protocol} (${nameOf(gateway, listener)}${mapped})`];
    }),
  );
}

const nameOf = ({ kind, namespace, name }: GatewayReport, listener: ListenerReport): string =>
  `${kind} ${namespace}/${name} listener ${listener.name}`;
