/** The listener port for a port that a client connects to: with `--map` they differ. */

interface BoundPort {
  /** As in the Gateway. */
  readonly port: number;
  /** null when it is not bound. */
  readonly boundPort: number | null;
}

/** `dialled` itself if nothing is bound there: it may already be the listener's port. */
export function listenerPortOf(dialled: number, ports: readonly BoundPort[]): number {
  return ports.find(({ boundPort }) => boundPort === dialled)?.port ?? dialled;
}
