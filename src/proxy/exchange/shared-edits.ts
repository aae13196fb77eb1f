/** Header edits that many requests share. Together with those of a rule they are compiled once, not for each request. */
import type { HeaderEdit } from '../../ir/filter.ts';
import { compileHeadEdits, NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import type { EditList } from './http-filter.ts';

export class SharedEdits {
  readonly sources: readonly HeaderEdit[];
  #followed: EditList | null = null;
  #merged: HeadEdits = NO_EDITS;

  constructor(sources: readonly HeaderEdit[]) {
    this.sources = sources;
  }

  /** These edits, followed by those of a rule or backend. */
  mergedWith(list: EditList): HeadEdits {
    if (this.#followed !== list) {
      this.#merged = compileHeadEdits([...this.sources, ...list.sources]);
      this.#followed = list;
    }
    return this.#merged;
  }
}
