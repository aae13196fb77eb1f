/**
 * What clients learn of limits: `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10), or the older
 * `X-RateLimit-*`, and `Retry-After` (RFC 9110 section 10.2.3).
 */
import type { HeaderField } from '../../../ir/filter.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { Slot } from '../../limits/slot.ts';
import type { CompiledLimit } from './compiled-limit.ts';

const SECOND_MS = 1_000;

/** A limit that counted the request. */
export interface CountedLimit {
  readonly limit: CompiledLimit;
  readonly slot: Slot;
}

/** Tokens that the client may count on, as far as this worker knows. */
const remaining = ({ free, left }: Slot): number => free + left;

/** Whole seconds until the bucket is full again. */
function untilFull(slot: Slot): number {
  const { capacity, spec } = slot.limit;
  const missing = Math.max(0, capacity - remaining(slot));
  return Math.ceil((missing * spec.capacity) / capacity / spec.refillPerMs / SECOND_MS);
}

function stateItem({ limit, slot }: CountedLimit): string {
  const item = `"${limit.config.name}";r=${String(remaining(slot))}`;
  return slot.limit.isInFlight ? item : `${item};t=${String(untilFull(slot))}`;
}

/** Adds the fields to the response, whatever makes it. `refusing`: of `counted`, the limit that refuses the request; null: none does. */
export function addLimitFields(
  run: FilterRun,
  counted: readonly CountedLimit[],
  refusing: CountedLimit | null,
  nowMs: number,
): void {
  const standard = counted.filter(({ limit }) => limit.tells === 'standard');
  const legacy = counted.filter(({ limit }) => limit.tells === 'legacy');
  const fields: HeaderField[] = [];
  if (standard.length > 0) {
    const policies = standard.map(({ limit }) => limit.policyItem).join(', ');
    fields.push(
      { name: 'ratelimit-policy', value: policies },
      { name: 'ratelimit', value: standard.map(stateItem).join(', ') },
    );
  }
  if (refusing !== null && refusing.limit.tells !== 'none') fields.push(retryAfter(refusing.slot, nowMs));
  if (fields.length > 0) run.addedFields = [...(run.addedFields ?? []), ...fields];
  const scarcest = refusing ?? scarcestOf(legacy);
  if (scarcest?.limit.tells === 'legacy') setLegacyFields(run, scarcest);
}

function retryAfter({ nextAtMs }: Slot, nowMs: number): HeaderField {
  const seconds = Math.max(1, Math.ceil((nextAtMs - nowMs) / SECOND_MS));
  return { name: 'retry-after', value: String(Number.isFinite(seconds) ? seconds : 1) };
}

const scarcestOf = (counted: readonly CountedLimit[]): CountedLimit | null =>
  counted.toSorted((a, b) => remaining(a.slot) - remaining(b.slot))[0] ?? null;

/** These fields have no room for more than one limit, so those of a backend give way. */
function setLegacyFields(run: FilterRun, { limit, slot }: CountedLimit): void {
  const { allowance } = limit.config;
  const set: HeaderField[] = [
    { name: 'X-RateLimit-Limit', value: String(allowance.requests) },
    { name: 'X-RateLimit-Remaining', value: String(remaining(slot)) },
  ];
  if (!slot.limit.isInFlight) set.push({ name: 'X-RateLimit-Reset', value: String(untilFull(slot)) });
  run.responseEdits = [...run.responseEdits, { set, add: [], remove: [] }];
}
