/** Fields that responses get unless they have them, and HSTS. */
import type { HeaderEdit, HeaderField } from '../../../ir/filter.ts';
import type { ResponseHeaders } from '../../../ir/response.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import { responseEdits } from '../../exchange/response-head.ts';
import { fieldValueOctets } from '../../message/field-value.ts';
import { dropsField, isEditable } from '../../message/head-edits.ts';
import { joinedValue } from '../../message/head.ts';

const HSTS = 'strict-transport-security';

/** Known when the rule is compiled. A backend's HSTS goes also where the client uses no TLS (RFC 6797 section 7.2). */
export function defaultEdit({ set, add, remove }: ResponseHeaders, hsts: string | null): HeaderEdit | null {
  const removed = hsts === null ? remove : [...remove, HSTS];
  return set.length + add.length + removed.length === 0 ? null : { set, add, remove: removed };
}

export class DefaultFields implements HttpFilter {
  readonly kind = 'response';
  readonly #hsts: readonly HeaderField[];
  /** With names in lower case as well, for comparison. */
  readonly #ifAbsent: readonly { readonly field: HeaderField; readonly name: string }[];

  constructor(setIfAbsent: readonly HeaderField[], hsts: string | null) {
    this.#hsts = hsts === null ? [] : [{ name: HSTS, value: hsts }];
    this.#ifAbsent = setIfAbsent.filter(isEditable).map(({ name, value }) => ({
      field: { name: name.toLowerCase(), value: fieldValueOctets(value) },
      name: name.toLowerCase(),
    }));
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const missing = this.#ifAbsent.flatMap(({ field, name }) =>
      hasField(exchange, run, name) ? [] : [field],
    );
    const added = exchange.isSecure ? [...this.#hsts, ...missing] : missing;
    if (added.length > 0) run.addedFields = [...(run.addedFields ?? []), ...added];
    return 'continue';
  }
}

/** Whether the response, as edited so far, has a field of this name. */
function hasField(exchange: Exchange, run: FilterRun, name: string): boolean {
  const isNamed = (field: HeaderField): boolean => field.name.toLowerCase() === name;
  const edits = responseEdits(exchange);
  if (edits.append.some(isNamed) || run.addedFields?.some(isNamed) === true) return true;
  const head = run.responseHead;
  return head !== null && !dropsField(edits, name) && joinedValue(head, name) !== undefined;
}
