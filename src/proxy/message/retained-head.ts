/** Copies of heads and trailers that outlive the call that passes them. */
import type { FieldList, ResponseHead } from './head.ts';
import { HeaderId } from './header-id.ts';

export class RetainedFields implements FieldList {
  readonly #fields: readonly { readonly id: number; readonly name: string; readonly value: string }[];

  constructor(fields: FieldList) {
    this.#fields = Array.from({ length: fields.count }, (_, index) => ({
      id: fields.id(index),
      name: fields.name(index),
      value: fields.value(index),
    }));
  }

  get count(): number {
    return this.#fields.length;
  }
  id(index: number): number {
    return this.#fields[index]?.id ?? HeaderId.other;
  }
  name(index: number): string {
    return this.#fields[index]?.name ?? '';
  }
  value(index: number): string {
    return this.#fields[index]?.value ?? '';
  }
}

export class RetainedResponseHead extends RetainedFields implements ResponseHead {
  readonly status: number;
  readonly hasBody: boolean;
  readonly contentLength: number;

  constructor(head: ResponseHead) {
    super(head);
    this.status = head.status;
    this.hasBody = head.hasBody;
    this.contentLength = head.contentLength;
  }
}
