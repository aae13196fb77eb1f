/** Max-Forwards (RFC 9110 section 7.6.2): how often a request of OPTIONS or TRACE may be forwarded. */
import type { HeaderEdit } from '../../ir/filter.ts';
import type { RequestHead } from './head.ts';

const FIELD = 'max-forwards';
const COUNT = /^[0-9]{1,9}$/;

/** null = no limit: another method, no such field, or not a number. */
export function maxForwards(head: RequestHead): number | null {
  if (head.method !== 'OPTIONS' && head.method !== 'TRACE') return null;
  const value = head.header(FIELD) ?? '';
  return COUNT.test(value) ? Number(value) : null;
}

/** The field of the forwarded request: one less. `count` is above 0. */
export const oneForwardLess = (count: number): HeaderEdit => ({
  set: [{ name: FIELD, value: String(count - 1) }],
  add: [],
  remove: [],
});
