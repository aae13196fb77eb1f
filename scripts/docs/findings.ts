/** docs/reference/findings.md: every code of a finding. */
import { COMMAND_FINDINGS } from '../../src/admin/findings/command-findings.ts';
import type { Severity } from '../../src/gatewayapi/finding.ts';
import { INPUT_FINDINGS } from '../../src/gatewayapi/input-finding.ts';
import { FAULT_CODES } from '../../src/translator/faults/fault-codes.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const page = 'docs/reference/findings.md';

interface Meaning {
  readonly severity?: Severity;
  readonly severities?: readonly Severity[];
  readonly text: string;
  readonly advice: string;
}

const table = (heading: string, findings: Readonly<Record<string, Meaning>>): string =>
  markdownTable(
    [heading, 'severity', 'meaning', 'what to do'],
    Object.entries(findings).map(([code, { severity, severities, text, advice }]) => [
      asCode(code),
      severity ?? severities?.join(', ') ?? '',
      text,
      advice,
    ]),
  );

export const FINDING_CODES: readonly Section[] = [
  { page, name: 'input-findings', render: () => table('code', INPUT_FINDINGS) },
  { page, name: 'command-findings', render: () => table('finding', COMMAND_FINDINGS) },
  { page, name: 'translation-findings', render: () => table('code', FAULT_CODES) },
];
