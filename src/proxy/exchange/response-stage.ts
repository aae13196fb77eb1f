/**
 * The last step of every response to a routed request, whoever made it: a backend, an auth server that refuses, or the gateway itself.
 * Response header modifiers and CORS act here and nowhere else, so that no kind of response can be without them.
 */
import type { HeaderField } from '../../ir/filter.ts';
import { CORS_FIELDS } from '../../lib/cors-fields.ts';
import { VARY_ORIGIN } from '../filter/cors.ts';
import type { ExchangeFacts } from './exchange-facts.ts';
import { NO_EDITS, dropsField, type HeadEdits } from '../message/head-edits.ts';
import { joinedValue, type ResponseHead } from '../message/head.ts';
import { reasonFields } from '../message/local-reply.ts';
import { sessionField } from './session-persistence.ts';

/** Sends the final head. `exchange.reason` says why it is no backend's; null for one that is. */
export function sendResponseHead(exchange: ExchangeFacts, head: ResponseHead): void {
  const { rule, backend } = exchange;
  const edits = backend?.filters.responseEdits ?? rule?.filters.responseEdits ?? NO_EDITS;
  exchange.status = head.status;
  exchange.stream.sendHead(head, edits, addedFields(exchange, head, edits));
}

/** Fields besides those of the rule's and backend's modifiers; null for none. */
function addedFields(
  exchange: ExchangeFacts,
  head: ResponseHead,
  edits: HeadEdits,
): readonly HeaderField[] | null {
  const { cors, extra, reason, gateway } = exchange;
  const own = reason === null ? sessionFields(exchange) : reasonFields(reason, gateway?.settings);
  if (cors === null) return joined(extra, own);
  const others = extra?.filter(({ name }) => !isOfCors(name)) ?? null;
  return joined(joined(others, own), variesByOrigin(head, edits, others) ? cors.slice(1) : cors);
}

function joined(
  one: readonly HeaderField[] | null,
  other: readonly HeaderField[] | null,
): readonly HeaderField[] | null {
  if (one === null) return other;
  return other === null ? one : [...one, ...other];
}

const isOfCors = (name: string): boolean => CORS_FIELDS.has(name.toLowerCase());

const isVary = ({ name }: HeaderField): boolean => name.toLowerCase() === VARY_ORIGIN.name;

/** Whether the response says so without the CORS filter: a second `Vary: Origin` would be noise. */
function variesByOrigin(
  head: ResponseHead,
  edits: HeadEdits,
  others: readonly HeaderField[] | null,
): boolean {
  const values = [...edits.append, ...(others ?? [])].filter(isVary).map(({ value }) => value);
  if (!dropsField(edits, VARY_ORIGIN.name)) values.push(joinedValue(head, VARY_ORIGIN.name) ?? '');
  const members = values.join(',').toLowerCase().split(',');
  return members.some((member) => member.trim() === 'origin' || member.trim() === '*');
}

/** The field that begins a session with the backend that responds, where the client is not in it yet. */
function sessionFields(exchange: ExchangeFacts): readonly HeaderField[] | null {
  const { rule, session, endpoint } = exchange;
  const persistence = rule?.config.sessionPersistence ?? null;
  if (persistence === null || endpoint === null || endpoint === session?.endpoint) return null;
  return [sessionField(persistence, endpoint, exchange)];
}
