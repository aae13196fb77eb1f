/** The user's object that a configuration item comes from: for logs, metrics, explanations and the console. */
export interface Origin {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Listener name, rule name or Service port, where one applies. */
  readonly section?: string;
}

/** A rule's origin: `index` counts from 0 in the object's `rules`. */
export interface RuleOrigin extends Origin {
  readonly index: number;
}

/** An effective setting: the field of a policy, its value as a user writes it, and the object that sets it; null for the default. */
export interface EffectiveSetting {
  readonly field: string;
  readonly value: string;
  readonly from: Origin | null;
}
