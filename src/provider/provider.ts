/** The port through which the controller gets resources and gives statuses back; `file/` and `kubernetes/` implement it. */
import type { InputFinding } from '../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { StatusUpdate } from '../gatewayapi/status.ts';

export interface ProviderListener {
  /**
   * The complete current state, coalesced and level-triggered: only the newest snapshot counts, and unchanged objects
   * are identical (`===`) from one snapshot to the next, so that comparing them is cheap.
   */
  readonly onSnapshot: (snapshot: ResourceSnapshot) => void;
  /** All findings about the current input; called before the snapshot that they belong to, and if only they changed. */
  readonly onFindings: (findings: readonly InputFinding[]) => void;
}

export interface Provider {
  /** Resolves after the first snapshot; rejects if it cannot get one. Called once. */
  readonly start: (listener: ProviderListener) => Promise<void>;
  /** Sets the newest statuses; returns at once, and writes only differences. */
  readonly writeStatus: (updates: readonly StatusUpdate[]) => void;
  /** Stops watching, and resolves when all statuses from `writeStatus` have been written. */
  readonly close: () => Promise<void>;
}
