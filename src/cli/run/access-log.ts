/**
 * Access log records as JSON lines. Fields: docs/reference/access-log.md, held to this file by a test. A line is put together by hand:
 * names of objects are rendered once, and what is left costs a tenth of `JSON.stringify`.
 */
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { AccessLogSink, AccessRecord } from '../../proxy/http/access-record.ts';
import type { LineWriter } from '../../telemetry/line-writer.ts';

/** `samplePercent` of the exchanges are written, evenly spread. */
export function createAccessLog(writer: Pick<LineWriter, 'write'>, samplePercent: number): AccessLogSink {
  let credit = 0;
  return {
    sample: () => {
      credit += samplePercent;
      if (credit < 100) return false;
      credit -= 100;
      return true;
    },
    write: (record) => {
      writer.write(formatRecord(record));
    },
  };
}

/** Fields in the order of the page; those without a value are left out. */
export function formatRecord(record: AccessRecord): string {
  const { timings, reason, traceId } = record;
  return (
    `{"time":"${formatTime(record.startedAtMs)}","client":"${record.clientIp}"` +
    `,"method":${quote(record.method)},"host":${quote(record.host)},"path":${quote(record.path)}` +
    `,"protocol":"${record.protocol}","status":${String(record.status)}` +
    (reason === null ? '' : `,"reason":"${reason}"`) +
    gatewayFields.of(record.gateway) +
    listenerFields.of(record.listener) +
    routeFields.of(record.route) +
    backendFields.of(record.backend) +
    (record.endpoint === null ? '' : `,"endpoint":${quote(record.endpoint)}`) +
    `,"requestBytes":${String(record.requestBytes)},"responseBytes":${String(record.responseBytes)}` +
    `,"durationMs":${formatMs(timings.totalMs)}` +
    (timings.connectedMs === null ? '' : `,"connectMs":${formatMs(timings.connectedMs)}`) +
    (timings.responseHeadMs === null ? '' : `,"responseMs":${formatMs(timings.responseHeadMs)}`) +
    `,"retries":${String(record.retries)},"requestId":${quote(record.requestId)}` +
    (traceId === null ? '' : `,"traceId":${quote(traceId)}`) +
    '}'
  );
}

/** The rule's name where it has one, else its index. */
export const ruleName = ({ section, index }: RuleOrigin): string => section ?? String(index);

/** `Service/ns/name:port`. */
export function backendName(origin: Origin | null): string | null {
  if (origin === null) return null;
  const { kind, namespace, name, section } = origin;
  return `${kind}/${namespace}/${name}${section === undefined ? '' : `:${section}`}`;
}

/** What is said of an object, rendered when it is first met; a configuration's objects live as long as it does. */
class RenderedFields<Named extends object> {
  readonly #known = new WeakMap<Named, string>();
  readonly #render: (object: Named) => string;

  constructor(render: (object: Named) => string) {
    this.#render = render;
  }

  of(object: Named | null): string {
    if (object === null) return '';
    let text = this.#known.get(object);
    if (text === undefined) {
      text = this.#render(object);
      this.#known.set(object, text);
    }
    return text;
  }
}

const gatewayFields = new RenderedFields<Origin>(
  ({ namespace, name }) => `,"gateway":${quote(`${namespace}/${name}`)}`,
);
const listenerFields = new RenderedFields<Origin>(({ section }) =>
  section === undefined ? '' : `,"listener":${quote(section)}`,
);
const routeFields = new RenderedFields<RuleOrigin>((rule) => {
  const route = `${rule.kind}/${rule.namespace}/${rule.name}`;
  return `,"route":${quote(route)},"rule":${quote(ruleName(rule))}`;
});
const backendFields = new RenderedFields<Origin>(
  (origin) => `,"backend":${quote(backendName(origin) ?? '')}`,
);

/** What JSON escapes, and surrogates, which may stand alone. */
const UNSAFE = /["\\\u0000-\u001f\ud800-\udfff]/;

const quote = (text: string): string => (UNSAFE.test(text) ? JSON.stringify(text) : `"${text}"`);

const THREE_DIGITS = Array.from({ length: 1000 }, (_, number) => String(number).padStart(3, '0'));

/** Milliseconds with three decimals at most, as `JSON.stringify` would write them. */
function formatMs(valueMs: number): string {
  const micros = Math.round(valueMs * 1000);
  const rest = micros % 1000;
  const whole = String((micros - rest) / 1000);
  if (rest === 0) return whole;
  const digits = THREE_DIGITS[rest] ?? '';
  return `${whole}.${rest % 10 !== 0 ? digits : rest % 100 !== 0 ? digits.slice(0, 2) : digits.slice(0, 1)}`;
}

let renderedSecond = -1;
let renderedPrefix = '';

/** RFC 3339 in UTC with milliseconds; everything up to the second is rendered once a second. */
function formatTime(timeMs: number): string {
  const second = Math.floor(timeMs / 1000);
  if (second !== renderedSecond) {
    renderedSecond = second;
    renderedPrefix = new Date(second * 1000).toISOString().slice(0, -4);
  }
  return `${renderedPrefix}${THREE_DIGITS[Math.floor(timeMs - second * 1000)] ?? '000'}Z`;
}
