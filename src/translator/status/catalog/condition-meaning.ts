export interface ConditionMeaning {
  readonly type: string;
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly text: string;
  /** What to do. Markdown, as the text. */
  readonly advice: string;
}

/** By the objects that have them, as docs/reference/conditions.md heads its sections. */
export type ConditionCatalog = Readonly<Record<string, readonly ConditionMeaning[]>>;
