/** docs/reference/reasons.md: every reason code. */
import { REASONS } from '../../src/ir/reason.ts';
import { asCode, markdownTable, type Section } from './section.ts';

export const REASON_CODES: Section = {
  page: 'docs/reference/reasons.md',
  name: 'reasons',
  render: () =>
    markdownTable(
      ['code', 'status', 'meaning', 'look at'],
      Object.entries(REASONS).map(([code, { status, text, advice }]) => [
        asCode(code),
        String(status),
        text,
        advice,
      ]),
    ),
};
