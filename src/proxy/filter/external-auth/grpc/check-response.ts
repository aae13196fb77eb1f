/**
 * CheckResponse of envoy.service.auth.v3: what an auth server decided, and what it wants changed. Dynamic metadata and query parameters
 * have no meaning here and are passed over.
 */
import type { HeaderEdit, HeaderField } from '../../../../ir/filter.ts';
import { readMessage, type WireField } from './wire.ts';

export type CheckVerdict =
  | {
      readonly kind: 'allow';
      /** Of the request on its way to the backend. */
      readonly request: HeaderEdit;
      /** To be added to the backend's answer. */
      readonly response: readonly HeaderField[];
    }
  | {
      readonly kind: 'deny';
      readonly status: number;
      readonly fields: readonly HeaderField[];
      readonly body: string;
    };

const FORBIDDEN = 403;
const FRAME_PREFIX_BYTES = 5;

/** null: no verdict can be read from it. `has` tells whether the request has a field of this name, in lower case. */
export function readVerdict(frame: Buffer, has: (name: string) => boolean): CheckVerdict | null {
  // One message, not compressed: no other coding was offered.
  if (frame.length < FRAME_PREFIX_BYTES || frame[0] !== 0) return null;
  if (frame.readUInt32BE(1) !== frame.length - FRAME_PREFIX_BYTES) return null;
  const fields = readMessage(frame.subarray(FRAME_PREFIX_BYTES));
  if (fields === null) return null;
  const status = subMessage(fields, 1);
  if (status === null) return null;
  const isOk = (last(status, 1)?.integer ?? 0) === 0;
  return isOk ? readOk(fields, has) : readDenied(fields);
}

/** OkHttpResponse: headers = 2, headers_to_remove = 5, response_headers_to_add = 6. */
function readOk(fields: readonly WireField[], has: (name: string) => boolean): CheckVerdict | null {
  const ok = subMessage(fields, 3);
  if (ok === null) return null;
  const options = readOptions(ok, 2);
  const response = readOptions(ok, 6);
  if (options === null || response === null) return null;
  const wanted = options.filter(({ name, action }) => isWanted(action, has(name.toLowerCase())));
  return {
    kind: 'allow',
    request: {
      set: wanted.filter(({ action }) => action !== 'append'),
      add: wanted.filter(({ action }) => action === 'append'),
      remove: ok.filter(({ number }) => number === 5).map(({ bytes }) => bytes.toString().toLowerCase()),
    },
    response,
  };
}

/** DeniedHttpResponse, as denied_response or error_response: status = 1, headers = 2, body = 3. */
function readDenied(fields: readonly WireField[]): CheckVerdict | null {
  const denied = subMessage(fields, last(fields, 5) === undefined ? 2 : 5);
  const status = denied === null ? null : subMessage(denied, 1);
  const options = denied === null ? null : readOptions(denied, 2);
  if (denied === null || status === null || options === null) return null;
  const code = last(status, 1)?.integer ?? 0;
  return {
    kind: 'deny',
    // An answer that ends here is a final one; anything else is no answer of HTTP.
    status: code >= 200 && code <= 599 ? code : FORBIDDEN,
    fields: options,
    body: last(denied, 3)?.bytes.toString() ?? '',
  };
}

type Action = 'set' | 'append' | 'if-absent' | 'if-present';

interface HeaderOption extends HeaderField {
  readonly action: Action;
}

const isWanted = (action: Action, isThere: boolean): boolean =>
  action === 'if-absent' ? !isThere : action !== 'if-present' || isThere;

/** HeaderValueOption: header = 1 (key = 1, value = 2, raw_value = 3), append = 2, append_action = 3. */
function readOptions(message: readonly WireField[], number: number): HeaderOption[] | null {
  const options: HeaderOption[] = [];
  for (const field of message) {
    if (field.number !== number) continue;
    const option = readMessage(field.bytes);
    const header = option === null ? null : subMessage(option, 1);
    if (option === null || header === null) return null;
    const append = subMessage(option, 2);
    if (append === null) return null;
    const name = last(header, 1)?.bytes.toString() ?? '';
    const value = (last(header, 3) ?? last(header, 2))?.bytes.toString() ?? '';
    options.push({
      name,
      value,
      action: actionOf(last(append, 1)?.integer === 1, last(option, 3)?.integer ?? 0),
    });
  }
  return options;
}

/** Neither said is `set`: so OkHttpResponse.headers has it, whatever the type's own default. */
function actionOf(append: boolean, appendAction: number): Action {
  if (append) return 'append';
  if (appendAction === 1) return 'if-absent';
  return appendAction === 3 ? 'if-present' : 'set';
}

const last = (message: readonly WireField[], number: number): WireField | undefined =>
  message.findLast((field) => field.number === number);

/** The fields of a message in a message; none when it is absent, null when it is malformed. */
function subMessage(message: readonly WireField[], number: number): readonly WireField[] | null {
  const field = last(message, number);
  return field === undefined ? [] : readMessage(field.bytes);
}
