/** What the gateway itself adds to the head of a response, and the edits of filters that are merged into one. */
import type { HeaderField } from '../../ir/filter.ts';
import { compileHeadEdits, type HeadEdits } from '../message/head-edits.ts';
import { reasonFields } from '../message/local-reply.ts';
import type { Exchange } from './exchange.ts';
import { sessionField } from './session-persistence.ts';

/** Fields to add after the edits: those of filters, and the gateway's own; null for none. */
export function responseFields(exchange: Exchange): readonly HeaderField[] | null {
  const { run, reason, gateway } = exchange;
  const own = reason === null ? sessionFields(exchange) : reasonFields(reason, gateway?.settings);
  const added = run?.addedFields ?? null;
  if (added === null) return own;
  return own === null ? added : [...added, ...own];
}

/** The edits of filters for this exchange, then those of the backend and of the rule. */
export function responseEdits({ filters, run }: Exchange): HeadEdits {
  const { merged, sources } = filters.responseEdits;
  return run === null || run.responseEdits.length === 0
    ? merged
    : compileHeadEdits([...run.responseEdits, ...sources]);
}

/** The field that begins a session with the backend that responds, where the client is not in it yet. */
function sessionFields(exchange: Exchange): readonly HeaderField[] | null {
  const { rule, session, endpoint } = exchange;
  const persistence = rule?.config.sessionPersistence ?? null;
  if (persistence === null || endpoint === null || endpoint === session?.endpoint) return null;
  return [sessionField(persistence, endpoint, exchange)];
}
