/** The port through which the controller gets resources and gives statuses back; `file/` and `kubernetes/` implement it. */
import type { InputFinding } from '../gatewayapi/input-finding.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { StatusUpdate } from '../gatewayapi/status.ts';

export interface ProviderListener {
  /**
   * Everything there is now. Whole, coalesced and level-triggered: what counts is the newest one, and unchanged objects
   * are identical (`===`) from one snapshot to the next, so that comparing them is cheap.
   */
  readonly onSnapshot: (snapshot: ResourceSnapshot) => void;
  /** All findings about the present input; called before the snapshot that they belong to, and when only they changed. */
  readonly onFindings: (findings: readonly InputFinding[]) => void;
}

export interface Provider {
  /** Resolves when the first snapshot has been handed over; rejects when there is no way to get one. Called once. */
  readonly start: (listener: ProviderListener) => Promise<void>;
  /** Takes the newest statuses to write; returns at once, and writes only what differs. */
  readonly writeStatus: (updates: readonly StatusUpdate[]) => void;
  /** Stops watching, and resolves when what `writeStatus` took has been written. */
  readonly close: () => Promise<void>;
}
