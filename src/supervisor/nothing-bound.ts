/** A gateway without a bound listener is not ready, regardless of acknowledgments. */
import type { PeerState } from '../configsync/server.ts';

/** Why no listener accepts connections; null if one does, or if there is none to bind. */
export function whyNothingIsBound(peers: readonly Pick<PeerState, 'ports'>[]): string | null {
  const ports = peers.flatMap((peer) => peer.ports);
  const [first] = ports;
  if (first === undefined || ports.some(({ error }) => error === null)) return null;
  return `no listener is bound: ${first.error ?? ''}`;
}
