/**
 * Which listeners of a Gateway and its ListenerSets are distinct (GatewaySpec.listeners, "Distinct Listeners";
 * GEP-1713, "Listener Precedence").
 *
 * Objects are checked in order of precedence. A listener that collides with a listener of an earlier object is
 * conflicted. Within one object, all listeners that collide with each other are conflicted: the API forbids picking a
 * winner. A conflicted listener reserves nothing, so it cannot affect later objects.
 */
import { compareText } from '../../lib/compare.ts';
import { coveringPatterns } from '../../lib/hostname.ts';
import type { Fault } from '../faults/fault.ts';
import { hostnameConflict, portConflict, protocolConflict } from '../faults/gateway-faults.ts';
import type { ListenerDraft } from './listener.ts';
import type { TlsOverlap, ProtocolFamily } from './nodes.ts';

/** What accepted listeners reserve on one port and transport. */
interface PortHolder {
  readonly protocolFamily: ProtocolFamily;
  readonly protocols: Set<string>;
  readonly hostnames: Set<string>;
}

const transportOf = (protocolFamily: ProtocolFamily): 'tcp' | 'udp' =>
  protocolFamily === 'udp' ? 'udp' : 'tcp';

export type Conflicts = ReadonlyMap<ListenerDraft, Fault>;
export type TlsOverlaps = ReadonlyMap<ListenerDraft, TlsOverlap>;

/** Listeners that collide with others, and why; `groups` are the Gateway's own, then each ListenerSet's, oldest first. */
export function findConflicts(groups: readonly (readonly ListenerDraft[])[]): Conflicts {
  const conflicts = new Map<ListenerDraft, Fault>();
  const holders = new Map<string, PortHolder>();
  for (const group of groups) {
    const free = new Map<string, ListenerDraft[]>();
    for (const listener of group) {
      if (listener.protocolFamily === null) continue;
      const key = `${listener.spec.port}/${transportOf(listener.protocolFamily)}`;
      const conflict = collision(listener, holders.get(key));
      if (conflict !== null) {
        conflicts.set(listener, conflict);
        continue;
      }
      const rivals = free.get(key);
      if (rivals === undefined) free.set(key, [listener]);
      else rivals.push(listener);
    }
    for (const [key, rivals] of free) {
      const conflictOf = conflictsWithin(rivals);
      for (const listener of rivals) {
        const conflict = conflictOf(listener);
        if (conflict === null) hold(holders, key, listener);
        else conflicts.set(listener, conflict);
      }
    }
  }
  return conflicts;
}

/** Whether a listener collides with a listener of an earlier object. */
function collision(listener: ListenerDraft, holder: PortHolder | undefined): Fault | null {
  if (holder === undefined) return null;
  const { path, spec, hostname, protocolFamily } = listener;
  if (protocolFamily !== holder.protocolFamily) {
    return protocolConflict(path, spec.port, [...new Set([...holder.protocols, spec.protocol])].sort());
  }
  if (protocolFamily === 'tcp' || protocolFamily === 'udp')
    return portConflict(path, spec.port, spec.protocol);
  return holder.hostnames.has(hostname) ? hostnameConflict(path, spec.port, hostname) : null;
}

/** Among the listeners of one object on one port, everything that collides is conflicted. */
function conflictsWithin(rivals: readonly ListenerDraft[]): (listener: ListenerDraft) => Fault | null {
  const families = new Set(rivals.map((listener) => listener.protocolFamily));
  const protocols = [...new Set(rivals.map((listener) => listener.spec.protocol))].sort();
  const uses = new Map<string, number>();
  for (const { hostname } of rivals) uses.set(hostname, (uses.get(hostname) ?? 0) + 1);
  return ({ path, spec, hostname, protocolFamily }) => {
    if (families.size > 1) return protocolConflict(path, spec.port, protocols);
    if ((uses.get(hostname) ?? 0) < 2) return null;
    return protocolFamily === 'tcp' || protocolFamily === 'udp'
      ? portConflict(path, spec.port, spec.protocol)
      : hostnameConflict(path, spec.port, hostname);
  };
}

function hold(holders: Map<string, PortHolder>, key: string, listener: ListenerDraft): void {
  if (listener.protocolFamily === null) return;
  const holder = holders.get(key) ?? {
    protocolFamily: listener.protocolFamily,
    protocols: new Set<string>(),
    hostnames: new Set<string>(),
  };
  holder.protocols.add(listener.spec.protocol);
  holder.hostnames.add(listener.hostname);
  holders.set(key, holder);
}

/**
 * TLS listeners of one port whose hostnames or certificates cover each other: browsers reuse a connection across them
 * (ListenerConditionOverlappingTLSConfig, GEP-3567).
 */
export function findTlsOverlaps(listeners: readonly ListenerDraft[], conflicts: Conflicts): TlsOverlaps {
  const overlaps = new Map<ListenerDraft, TlsOverlap>();
  const served = listeners.filter(
    (listener) => listener.protocolFamily === 'tls' && !conflicts.has(listener),
  );
  for (const peers of Map.groupBy(served, ({ spec }) => spec.port).values()) {
    if (peers.length < 2) continue;
    for (const by of [HOSTNAMES, CERTIFICATES]) findOverlaps(peers, by, overlaps);
  }
  return overlaps;
}

/** One kind of overlap: the names that each listener has, and the other names that cover a given one. */
interface Overlapping {
  readonly reason: TlsOverlap['reason'];
  readonly namesOf: (listener: ListenerDraft) => readonly string[];
  readonly coverersOf: (name: string) => Iterable<string>;
}

const HOSTNAMES: Overlapping = {
  reason: 'OverlappingHostnames',
  namesOf: (listener) => [listener.hostname],
  coverersOf: coveringPatterns,
};

/** A wildcard in a certificate matches exactly one label (RFC 9525 section 6.3), unlike a wildcard in a hostname of the API. */
const CERTIFICATES: Overlapping = {
  reason: 'OverlappingCertificates',
  namesOf: (listener) => listener.certificates.flatMap((certificate) => certificate.names),
  coverersOf: (name) => (name.startsWith('*.') ? [] : [`*${name.slice(name.indexOf('.'))}`]),
};

function findOverlaps(
  peers: readonly ListenerDraft[],
  by: Overlapping,
  overlaps: Map<ListenerDraft, TlsOverlap>,
): void {
  const { reason } = by;
  // Of several overlaps, the first in order of the other's name counts, so that the outcome does not depend on input order.
  const note = (listener: ListenerDraft, other: ListenerDraft): void => {
    if (listener === other) return;
    const name = nameFor(listener, other);
    const known = overlaps.get(listener);
    if (known?.reason === reason && compareText(known.other ?? '', name ?? '') <= 0) return;
    overlaps.set(listener, { reason, other: name });
  };
  const owners = new Map<string, ListenerDraft[]>();
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
      note(holder, parties.find((other) => other !== holder) ?? holder);
    }
    const first = holders[0];
    if (first !== undefined) for (const coverer of coverers) note(coverer, first);
  }
}

/** The name of `other`, if the owner of `listener` may see it. */
function nameFor(listener: ListenerDraft, other: ListenerDraft): string | null {
  const isSameOwner =
    listener.owner.kind === other.owner.kind &&
    listener.owner.name === other.owner.name &&
    listener.owner.namespace === other.owner.namespace;
  return isSameOwner ? other.spec.name : null;
}
