import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { RuleOrigin } from '../../ir/origin.ts';

/** A rule that could not be compiled as it is configured. It responds with 500, or its pattern matches nothing; everything else is served. */
export interface RuleProblem {
  readonly dataPlane: DataPlaneId;
  readonly rule: RuleOrigin;
  readonly message: string;
}
