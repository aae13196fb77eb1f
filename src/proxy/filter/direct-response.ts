/** A configured response in place of a backend's. */
import type { DirectResponseFilter, HeaderField } from '../../ir/filter.ts';
import type { FilterAnswer, HttpFilter } from '../exchange/http-filter.ts';
import { grpcStatusOf } from '../message/grpc-status.ts';
import { isEditable } from '../message/head-edits.ts';
import type { Reply } from '../message/local-reply.ts';
import type { FilterDefinition } from './definition.ts';

export const DIRECT_RESPONSE: FilterDefinition<DirectResponseFilter> = {
  kind: 'direct-response',
  stages: { request: 'redirect' },
  precedence: 'both',
  compile: (config) => ({ request: new DirectResponse(config) }),
  describe: ({ status, body }) => {
    const content =
      body === null ? 'no content' : `${body.contentType}, ${String(body.text.length)} characters`;
    return `direct response ${String(status)}: ${content}`;
  },
  outcome({ status }) {
    const summary = `${String(status)} by a direct response`;
    return { outcome: 'answer', status, reason: 'direct_response', summary };
  },
};

class DirectResponse implements HttpFilter {
  readonly kind = 'direct-response';
  readonly #answer: FilterAnswer;

  constructor(config: DirectResponseFilter) {
    this.#answer = { kind: 'answer', reason: 'direct_response', reply: replyOf(config) };
  }

  apply(): FilterAnswer {
    return this.#answer;
  }
}

function replyOf({ status, headers, body }: DirectResponseFilter): Reply {
  const fields = headers.filter(isEditable).map(({ name, value }) => ({ name: name.toLowerCase(), value }));
  return {
    status,
    fields: body === null ? fields : withContentType(fields, body.contentType),
    body: body === null ? '' : Buffer.from(body.text, 'utf8'),
    grpc: {
      status: grpcStatusOf(status, 'direct_response'),
      message: `direct_response: HTTP status ${String(status)}`,
    },
  };
}

/** A Content-Type among the configured fields is the more explicit one. */
function withContentType(fields: readonly HeaderField[], value: string): readonly HeaderField[] {
  const hasOwn = fields.some(({ name }) => name === 'content-type');
  return hasOwn ? fields : [...fields, { name: 'content-type', value }];
}
