/** Fields in a list, for heads that the gateway composes. */
import type { HeaderField } from '../../ir/filter.ts';
import type { FieldList } from './head.ts';
import { headerIdOf } from './header-id.ts';

export class NamedFields implements FieldList {
  protected fields: readonly HeaderField[];

  /** Names in lower case. */
  constructor(fields: readonly HeaderField[]) {
    this.fields = fields;
  }

  get count(): number {
    return this.fields.length;
  }
  id(index: number): number {
    return headerIdOf(this.name(index));
  }
  name(index: number): string {
    return this.fields[index]?.name ?? '';
  }
  value(index: number): string {
    return this.fields[index]?.value ?? '';
  }
}
