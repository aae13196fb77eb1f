/** docs/reference/conditions.md: every condition, by the objects that have it. */
import { CONDITIONS } from '../../src/translator/status/catalog/condition-catalog.ts';
import { asCode, markdownTable, type Section } from './section.ts';

/** `Routes, for each parent` → `conditions-routes`. */
const nameOf = (subject: string): string =>
  `conditions-${(subject.split(',')[0] ?? '').toLowerCase().replaceAll(/[^a-z]+/g, '-')}`;

export const CONDITION_TABLES: readonly Section[] = Object.entries(CONDITIONS).map(
  ([subject, conditions]) => ({
    page: 'docs/reference/conditions.md',
    name: nameOf(subject),
    render: () =>
      markdownTable(
        ['condition', 'status', 'reason', 'meaning', 'what to do'],
        conditions.map(({ type, status, reason, text, advice }) => [
          asCode(type),
          status,
          asCode(reason),
          text,
          advice,
        ]),
      ),
  }),
);
