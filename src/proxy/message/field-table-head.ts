/** What heads of HTTP/1.1 have in common: their fields are positions in the received bytes. */
import type { FieldTable } from './field-table.ts';
import type { FieldList } from './head.ts';

export abstract class FieldTableHead implements FieldList {
  readonly fields: FieldTable;

  constructor(fields: FieldTable) {
    this.fields = fields;
  }

  get count(): number {
    return this.fields.count;
  }
  id(index: number): number {
    return this.fields.id(index);
  }
  name(index: number): string {
    return this.fields.name(index);
  }
  value(index: number): string {
    return this.fields.value(index);
  }
}
