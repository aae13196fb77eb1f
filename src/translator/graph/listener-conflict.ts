/**
 * Which listeners of a Gateway and its ListenerSets can be told apart (GatewaySpec.listeners, "Distinct Listeners";
 * GEP-1713, "Listener Precedence").
 *
 * Objects are taken in order of precedence. A listener that collides with one that an earlier object already holds is
 * conflicted; so are, among the listeners of one object, all that collide with each other: the API forbids to pick a
 * winner. A conflicted listener holds nothing, so that it cannot hurt the objects after it.
 */
import { compareText } from '../../lib/compare.ts';
import { coveringPatterns } from '../../lib/hostname.ts';
import type { Fault } from '../faults/fault.ts';
import { hostnameConflict, portConflict, protocolConflict } from '../faults/gateway-faults.ts';
import type { ListenerNode, TlsOverlap, Wire } from './nodes.ts';

/** What accepted listeners hold on one port and transport. */
interface PortHolder {
  readonly wire: Wire;
  readonly protocols: Set<string>;
  readonly hostnames: Set<string>;
}

const transportOf = (wire: Wire): 'tcp' | 'udp' => (wire === 'udp' ? 'udp' : 'tcp');

/** Sets `conflict` on listeners, group by group; `groups` are the Gateway's own, then each ListenerSet's, oldest first. */
export function markConflicts(groups: readonly (readonly ListenerNode[])[]): void {
  const holders = new Map<string, PortHolder>();
  for (const group of groups) {
    const free = new Map<string, ListenerNode[]>();
    for (const listener of group) {
      if (listener.wire === null) continue;
      const key = `${listener.spec.port}/${transportOf(listener.wire)}`;
      listener.conflict = collision(listener, holders.get(key));
      if (listener.conflict !== null) continue;
      const rivals = free.get(key);
      if (rivals === undefined) free.set(key, [listener]);
      else rivals.push(listener);
    }
    for (const [key, rivals] of free) {
      markWithin(rivals);
      for (const listener of rivals) if (listener.conflict === null) hold(holders, key, listener);
    }
  }
}

/** Whether a listener collides with what is held already. */
function collision(listener: ListenerNode, holder: PortHolder | undefined): Fault | null {
  if (holder === undefined) return null;
  const { path, spec, hostname, wire } = listener;
  if (wire !== holder.wire) {
    return protocolConflict(path, spec.port, [...new Set([...holder.protocols, spec.protocol])].sort());
  }
  if (wire === 'tcp' || wire === 'udp') return portConflict(path, spec.port, spec.protocol);
  return holder.hostnames.has(hostname) ? hostnameConflict(path, spec.port, hostname) : null;
}

/** Listeners of one object on one port: everything that collides is conflicted. */
function markWithin(rivals: readonly ListenerNode[]): void {
  const wires = new Set(rivals.map((listener) => listener.wire));
  const protocols = [...new Set(rivals.map((listener) => listener.spec.protocol))].sort();
  const uses = new Map<string, number>();
  for (const { hostname } of rivals) uses.set(hostname, (uses.get(hostname) ?? 0) + 1);
  for (const listener of rivals) {
    const { path, spec, hostname, wire } = listener;
    if (wires.size > 1) listener.conflict = protocolConflict(path, spec.port, protocols);
    else if ((uses.get(hostname) ?? 0) < 2) listener.conflict = null;
    else if (wire === 'tcp' || wire === 'udp')
      listener.conflict = portConflict(path, spec.port, spec.protocol);
    else listener.conflict = hostnameConflict(path, spec.port, hostname);
  }
}

function hold(holders: Map<string, PortHolder>, key: string, listener: ListenerNode): void {
  if (listener.wire === null) return;
  const holder = holders.get(key) ?? {
    wire: listener.wire,
    protocols: new Set<string>(),
    hostnames: new Set<string>(),
  };
  holder.protocols.add(listener.spec.protocol);
  holder.hostnames.add(listener.hostname);
  holders.set(key, holder);
}

/**
 * Sets `overlap` on TLS listeners of a port whose hostnames or certificates cover each other: browsers reuse a
 * connection across them (ListenerConditionOverlappingTLSConfig, GEP-3567).
 */
export function markTlsOverlaps(listeners: readonly ListenerNode[]): void {
  const ports = new Map<number, ListenerNode[]>();
  for (const listener of listeners) {
    if (listener.wire !== 'tls' || listener.conflict !== null) continue;
    const peers = ports.get(listener.spec.port);
    if (peers === undefined) ports.set(listener.spec.port, [listener]);
    else peers.push(listener);
  }
  for (const peers of ports.values()) {
    if (peers.length < 2) continue;
    markBy(peers, HOSTNAMES);
    markBy(peers, CERTIFICATES);
  }
}

/** A way for listeners to cover each other: the names each has, and the other names that cover a given one. */
interface Overlapping {
  readonly reason: TlsOverlap['reason'];
  readonly namesOf: (listener: ListenerNode) => readonly string[];
  readonly coverersOf: (name: string) => Iterable<string>;
}

const HOSTNAMES: Overlapping = {
  reason: 'OverlappingHostnames',
  namesOf: (listener) => [listener.hostname],
  coverersOf: coveringPatterns,
};

/** A wildcard in a certificate stands for one label (RFC 9525 section 6.3), unlike one in a hostname of the API. */
const CERTIFICATES: Overlapping = {
  reason: 'OverlappingCertificates',
  namesOf: (listener) => listener.certificates.flatMap((certificate) => certificate.names),
  coverersOf: (name) => (name.startsWith('*.') ? [] : [`*${name.slice(name.indexOf('.'))}`]),
};

function markBy(peers: readonly ListenerNode[], by: Overlapping): void {
  const owners = new Map<string, ListenerNode[]>();
  for (const listener of peers) {
    for (const name of new Set(by.namesOf(listener))) {
      const known = owners.get(name);
      if (known === undefined) owners.set(name, [listener]);
      else known.push(listener);
    }
  }
  for (const [name, holders] of owners) {
    const coverers = [...by.coverersOf(name)].flatMap((pattern) => owners.get(pattern) ?? []);
    const parties = [...new Set([...holders, ...coverers])];
    if (parties.length < 2) continue;
    // Every holder overlaps with every coverer; coverers among themselves are found under their own names.
    for (const holder of holders) {
      pair(holder, parties.find((other) => other !== holder) ?? holder, by.reason);
    }
    const first = holders[0];
    if (first !== undefined) for (const coverer of coverers) pair(coverer, first, by.reason);
  }
}

/** Keeps the first overlap found in order of the other's name, so that the outcome does not hang on input order. */
function pair(listener: ListenerNode, other: ListenerNode, reason: TlsOverlap['reason']): void {
  if (listener === other) return;
  const sameOwner =
    listener.owner.kind === other.owner.kind &&
    listener.owner.name === other.owner.name &&
    listener.owner.namespace === other.owner.namespace;
  const name = sameOwner ? other.spec.name : null;
  const known = listener.overlap;
  if (known?.reason === reason && compareText(known.other ?? '', name ?? '') <= 0) return;
  listener.overlap = { reason, other: name };
}
