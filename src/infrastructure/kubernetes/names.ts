/** Names, labels and ports of what is generated for a Gateway. */
import type { InfraPort, InfraSpec } from '../../ir/infra.ts';

/** Well-known labels of GEP-1762. */
const GATEWAY_NAME_LABEL = 'gateway.networking.k8s.io/gateway-name';
const GATEWAY_CLASS_LABEL = 'gateway.networking.k8s.io/gateway-class-name';

/** Sluice's label has a hash, because a Gateway's name (253 characters) may be too long for a label's value (63). */
export const GATEWAY_ID_LABEL = 'gateway.sluice.dev/gateway';
const MANAGED_BY = 'sluice';

const LABEL_VALUE_LIMIT = 63;
/** Pods append a hash of 17 characters to the Deployment's name, and a Service's name is a DNS label. */
const NAME_LIMIT = 45;

export type Hash = (text: string) => string;

/**
 * A name for everything of one Gateway: readable, at most 45 characters, and never that of another Gateway of the
 * namespace: the hash is over namespace and name, so that no choice of names can collide.
 */
export function resourceName({ gateway }: InfraSpec, hash: Hash): string {
  const digest = gatewayId(gateway.namespace, gateway.name, hash);
  const room = NAME_LIMIT - 'sluice-'.length - digest.length - 1;
  const stem = gateway.name.replaceAll('.', '-').slice(0, room).replace(/-+$/, '');
  return `sluice-${stem}-${digest}`;
}

/** Eight hexadecimal digits that identify the Gateway in labels and names. */
export const gatewayId = (namespace: string, name: string, hash: Hash): string =>
  hash(`${namespace}/${name}`).slice(0, 8);

/** What selects the Gateway's pods: never changes, and users cannot override it by `spec.infrastructure.labels`. */
export function selectorLabels(spec: InfraSpec, hash: Hash): Record<string, string> {
  return {
    'app.kubernetes.io/managed-by': MANAGED_BY,
    [GATEWAY_ID_LABEL]: gatewayId(spec.gateway.namespace, spec.gateway.name, hash),
  };
}

export function objectLabels(spec: InfraSpec, hash: Hash): Record<string, string> {
  return {
    ...spec.labels,
    'app.kubernetes.io/name': 'sluice-proxy',
    'app.kubernetes.io/component': 'proxy',
    ...labelIfItFits(GATEWAY_NAME_LABEL, spec.gateway.name),
    ...labelIfItFits(GATEWAY_CLASS_LABEL, spec.gatewayClass),
    ...selectorLabels(spec, hash),
  };
}

const labelIfItFits = (key: string, value: string): Record<string, string> =>
  value.length <= LABEL_VALUE_LIMIT ? { [key]: value } : {};

/** Unprivileged ports to listen on: a container without capabilities cannot bind those below 1024. */
const PRIVILEGED_LIMIT = 1024;
const PRIVILEGED_SHIFT = 10_000;

/**
 * The port a proxy's process binds for a listener's port. Ports below 1024 move up by 10,000, and further where another
 * listener has that one. With the host's network, listeners keep their ports.
 */
export function containerPorts(
  ports: readonly InfraPort[],
  hostNetwork: boolean,
): ReadonlyMap<number, number> {
  const mapped = new Map<number, number>();
  const taken = new Set(ports.map(({ number }) => number).filter((number) => number >= PRIVILEGED_LIMIT));
  for (const { number } of ports) {
    if (hostNetwork || number >= PRIVILEGED_LIMIT) {
      mapped.set(number, number);
      continue;
    }
    if (mapped.has(number)) continue;
    let free = number + PRIVILEGED_SHIFT;
    while (taken.has(free)) free += 1;
    taken.add(free);
    mapped.set(number, free);
  }
  return mapped;
}

/** `tcp-80`: at most 15 characters, as port names must be. */
export const portName = ({ number, transport }: InfraPort): string => `${transport}-${String(number)}`;
