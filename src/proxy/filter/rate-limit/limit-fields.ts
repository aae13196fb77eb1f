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
  let policies = '';
  let states = '';
  let scarcest = refusing?.limit.tells === 'legacy' ? refusing : null;
  for (const each of counted) {
    const { tells, policyItem } = each.limit;
    if (tells === 'standard') {
      policies = policies === '' ? policyItem : `${policies}, ${policyItem}`;
      states = states === '' ? stateItem(each) : `${states}, ${stateItem(each)}`;
    } else if (tells === 'legacy' && refusing === null && isScarcer(each, scarcest)) scarcest = each;
  }
  if (policies !== '')
    addFields(run, { name: 'ratelimit-policy', value: policies }, { name: 'ratelimit', value: states });
  if (refusing !== null && refusing.limit.tells !== 'none') addFields(run, retryAfter(refusing.slot, nowMs));
  if (scarcest !== null) setLegacyFields(run, scarcest);
}

function addFields(run: FilterRun, ...fields: readonly HeaderField[]): void {
  run.addedFields = run.addedFields === null ? fields : [...run.addedFields, ...fields];
}

const isScarcer = ({ slot }: CountedLimit, than: CountedLimit | null): boolean =>
  than === null || remaining(slot) < remaining(than.slot);

function retryAfter({ nextAtMs }: Slot, nowMs: number): HeaderField {
  const seconds = Math.max(1, Math.ceil((nextAtMs - nowMs) / SECOND_MS));
  return { name: 'retry-after', value: String(Number.isFinite(seconds) ? seconds : 1) };
}

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
