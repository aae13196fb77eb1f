/** HTTP/2 frames as bytes, right or wrong. For tests. */
import { encodePlainly, type Field } from './reference-hpack.ts';

export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 32 } as const;

export const CODE = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
  enableConnectProtocol: 8,
} as const;

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
const NOTHING = Buffer.alloc(0);

export function frame(type: number, flags: number, streamId: number, payload: Buffer = NOTHING): Buffer {
  const header = Buffer.alloc(9);
  header.writeUIntBE(payload.length, 0, 3);
  header[3] = type;
  header[4] = flags;
  header.writeUInt32BE(streamId, 5);
  return Buffer.concat([header, payload]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const data = (streamId: number, payload: string | Buffer, endStream = false): Buffer =>
  frame(TYPE.data, endStream ? FLAG.endStream : 0, streamId, Buffer.from(payload as string, 'latin1'));

export const headersOf = (streamId: number, block: Buffer, endStream: boolean): Buffer =>
  frame(TYPE.headers, FLAG.endHeaders | (endStream ? FLAG.endStream : 0), streamId, block);

export const headers = (streamId: number, fields: readonly Field[], endStream: boolean): Buffer =>
  headersOf(streamId, encodePlainly(fields), endStream);

export const settings = (...pairs: readonly (readonly [number, number])[]): Buffer => {
  const payload = Buffer.alloc(pairs.length * 6);
  pairs.forEach(([name, value], index) => {
    payload.writeUInt16BE(name, index * 6);
    payload.writeUInt32BE(value, index * 6 + 2);
  });
  return frame(TYPE.settings, 0, 0, payload);
};

export const settingsAck = (): Buffer => frame(TYPE.settings, FLAG.ack, 0);
export const ping = (payload = 'eightbyt', flags = 0): Buffer =>
  frame(TYPE.ping, flags, 0, Buffer.from(payload, 'latin1'));
export const windowUpdate = (streamId: number, bytes: number): Buffer =>
  frame(TYPE.windowUpdate, 0, streamId, uint32(bytes));
export const rstStream = (streamId: number, code: number): Buffer =>
  frame(TYPE.rstStream, 0, streamId, uint32(code));
export const goAway = (lastStreamId: number, code: number): Buffer =>
  frame(TYPE.goAway, 0, 0, Buffer.concat([uint32(lastStreamId), uint32(code)]));
export const priority = (streamId: number, on: number): Buffer =>
  frame(TYPE.priority, 0, streamId, Buffer.concat([uint32(on), Buffer.of(16)]));

/** A request's head; `fields` after the pseudo-header fields. */
export const request = (overrides: Partial<Record<string, string>> = {}, ...fields: Field[]): Field[] => {
  const pseudo = {
    ':method': 'GET',
    ':scheme': 'http',
    ':path': '/',
    ':authority': 'a.example',
    ...overrides,
  };
  return [...Object.entries(pseudo).filter((field): field is [string, string] => field[1] !== ''), ...fields];
};
