/**
 * Policies on ports, listeners and layer-4 rules. None is known yet; one that a newer controller sends may protect what carries it, which
 * is therefore closed. Policies of HTTP rules and backends act as filters: the table of filters refuses those that it does not know.
 */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { ListenerId } from '../../ir/ids.ts';
import type { L4Rule, Listener } from '../../ir/listener.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';

type Carrier = { readonly policies?: readonly PolicyValue[] };

/** By listener that is closed: why. */
export function closedListeners({ ports }: Pick<GatewayConfig, 'ports'>): ReadonlyMap<ListenerId, string> {
  const closed = new Map<ListenerId, string>();
  for (const port of ports) {
    for (const listener of port.listeners) {
      const policy = unknownOf(port) ?? unknownOf(listener);
      if (policy !== undefined) closed.set(listener.id, `there is no policy of kind ${policy.kind}`);
    }
  }
  return closed;
}

const unknownOf = ({ policies }: Carrier): PolicyValue | undefined => policies?.[0];

/** The listener with what it may serve of layer 4; what is closed refuses its connections. */
export function withoutClosedRules(listener: Listener, isClosed: boolean): Listener {
  if (listener.kind === 'http') return listener;
  if (listener.kind === 'tls') {
    const hosts = listener.hosts.map((host) => ({ ...host, rule: openRule(host.rule, isClosed) }));
    return hosts.every(({ rule }, at) => rule === listener.hosts[at]?.rule)
      ? listener
      : { ...listener, hosts };
  }
  const rule = listener.rule === null ? null : openRule(listener.rule, isClosed);
  return rule === listener.rule ? listener : { ...listener, rule };
}

function openRule(rule: L4Rule, isClosed: boolean): L4Rule {
  const isUnknown = (carrier: object): boolean => unknownOf(carrier) !== undefined;
  return isClosed || isUnknown(rule) || rule.backends.some(isUnknown) ? { ...rule, backends: [] } : rule;
}
