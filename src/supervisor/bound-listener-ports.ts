/** Which listener's port a client means that dials a port of a gateway: with `--map` they differ. */

interface BoundPort {
  /** As the Gateway states it. */
  readonly port: number;
  /** null when it is not bound. */
  readonly boundPort: number | null;
}

/** `dialled` itself when nothing is bound there: a listener's port is understood too. */
export function listenerPortOf(dialled: number, ports: readonly BoundPort[]): number {
  return ports.find(({ boundPort }) => boundPort === dialled)?.port ?? dialled;
}
