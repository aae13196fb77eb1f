/** Header fields of a configured response, and what of them Sluice cannot send as written. */
import { FRAMING_FIELDS } from '../../lib/framing-fields.ts';
import { hasControls } from '../../lib/message-grammar.ts';
import { headerNotEdited } from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import { headerValueChanged } from '../faults/text-advice.ts';

interface FieldSpec {
  readonly name: string;
  readonly value: string;
}

/** `path`: field path of the list. */
export const fieldWarnings = (fields: readonly FieldSpec[] | undefined, path: string): readonly Fault[] =>
  (fields ?? []).flatMap(({ name, value }, index) => [
    ...(FRAMING_FIELDS.has(name.toLowerCase()) ? [headerNotEdited(`${path}[${String(index)}]`, name)] : []),
    ...(hasControls(value) ? [headerValueChanged(`${path}[${String(index)}].value`)] : []),
  ]);
