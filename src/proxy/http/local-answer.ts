/** Answers that the gateway makes itself, from their reason codes. */
import type { HeaderField } from '../../ir/filter.ts';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import { LocalHead } from './head.ts';

export interface LocalAnswer {
  readonly head: LocalHead;
  readonly body: Buffer;
}

let dateSecond = -1;
let dateText = '';

/** The current time as a Date value (RFC 9110 section 5.6.7). */
export function httpDate(): string {
  const now = Date.now();
  const second = Math.floor(now / 1_000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}

/** The reason as a field, where the Gateway wants that. */
export function reasonFields(
  reason: ReasonCode | null,
  settings: ProxySettings | undefined,
): readonly HeaderField[] | null {
  if (reason === null || settings?.reasonHeader !== true) return null;
  return [{ name: 'x-sluice-reason', value: reason }];
}

/** A plain text answer that says what the reason means. To HEAD it has no body. */
export function answerForReason(reason: ReasonCode, isHead: boolean): LocalAnswer {
  const { status, text } = REASONS[reason];
  const body = Buffer.from(`${reason}: ${text}\n`, 'latin1');
  const names = ['content-type', 'content-length', 'date'];
  const values = ['text/plain; charset=utf-8', String(body.length), httpDate()];
  return { head: new LocalHead(status, names, values, isHead ? 0 : body.length), body };
}
