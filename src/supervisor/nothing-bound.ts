/** A gateway that listens nowhere is not ready, whatever its workers have acknowledged. */
import type { PeerState } from '../configsync/server.ts';

/** Why no listener takes connections; null when one does, or when there is none to bind. */
export function whyNothingIsBound(peers: readonly Pick<PeerState, 'ports'>[]): string | null {
  const ports = peers.flatMap((peer) => peer.ports);
  const [first] = ports;
  if (first === undefined || ports.some(({ error }) => error === null)) return null;
  return `no listener is bound: ${first.error ?? ''}`;
}
