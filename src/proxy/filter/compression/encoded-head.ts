/** The head of a response whose content the gateway has encoded. */
import type { HeaderField } from '../../../ir/filter.ts';
import { UNKNOWN_LENGTH, type ResponseHead } from '../../message/head.ts';
import { isConnectionLevel } from '../../message/header-id.ts';
import { NamedFields } from '../../message/named-fields.ts';

/** They describe the content as the backend sent it, or ranges of it. */
const DROPPED: ReadonlySet<string> = new Set([
  'accept-ranges',
  'content-digest',
  'content-encoding',
  'content-length',
  'content-md5',
  'digest',
  'repr-digest',
]);

export class EncodedHead extends NamedFields implements ResponseHead {
  readonly status: number;
  readonly hasBody: boolean;
  readonly contentLength: number;

  constructor(head: ResponseHead, coding: string) {
    super([...fieldsOf(head, DROPPED), { name: 'content-encoding', value: coding }]);
    this.status = head.status;
    this.hasBody = head.hasBody;
    this.contentLength = head.hasBody ? UNKNOWN_LENGTH : 0;
  }
}

const NOTHING: ReadonlySet<string> = new Set();

/** A 304 for content that would have been encoded. */
export class NotModifiedHead extends NamedFields implements ResponseHead {
  readonly status: number;
  readonly hasBody = false;
  readonly contentLength: number;

  constructor(head: ResponseHead) {
    super(fieldsOf(head, NOTHING));
    this.status = head.status;
    this.contentLength = head.contentLength;
  }
}

/** With a weak ETag: the encoded content is equivalent to the backend's, and not the same (RFC 9110 section 8.8.1). */
function fieldsOf(head: ResponseHead, dropped: ReadonlySet<string>): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    if (isConnectionLevel(head.id(index)) || dropped.has(name)) continue;
    const value = head.value(index);
    fields.push({ name, value: name === 'etag' && !value.startsWith('W/') ? `W/${value}` : value });
  }
  return fields;
}
