/** HTTP/2 frames, right and wrong, as either side might send them. */
import {
  data,
  FLAG,
  frame,
  goAway,
  headers,
  headersOf,
  ping,
  PREFACE,
  priority,
  request,
  rstStream,
  SETTING,
  settings,
  settingsAck,
  TYPE,
  windowUpdate,
} from '../../support/h2-frames.ts';
import type { Random } from '../../support/random.ts';
import { encodePlainly, type Field } from '../../support/reference-hpack.ts';

const IDS = [0, 1, 1, 3, 3, 5, 7, 2, 0x7fff_ffff];
const NUMBERS = [0, 1, 100, 4_096, 16_384, 65_535, 0x7fff_ffff, 0xffff_ffff];

const ODD_FIELDS: readonly Field[] = [
  ['connection', 'close'],
  ['te', 'trailers'],
  ['content-length', '3'],
  ['content-length', '4'],
  ['transfer-encoding', 'chunked'],
  ['host', 'b.example'],
  ['X-A', 'upper'],
  ['a', 'b\r\nc: d'],
  ['cookie', 'a=b'],
  [':path', '/again'],
  [':protocol', 'websocket'],
  ['expect', '100-continue'],
];

function requestFields(random: Random): Field[] {
  const pseudo = random.chance(0.9)
    ? {}
    : {
        [random.pick([':method', ':path', ':scheme', ':authority'])]: random.pick([
          '',
          '*',
          'CONNECT',
          '/../%00',
        ]),
      };
  const more = Array.from({ length: random.below(4) }, () => random.pick(ODD_FIELDS)).filter(() =>
    random.chance(0.5),
  );
  return request(pseudo, ...more);
}

function responseFields(random: Random): Field[] {
  const status: Field = [':status', random.pick(['200', '204', '304', '103', '101', '999', '2', ''])];
  const more = Array.from({ length: random.below(4) }, () => random.pick(ODD_FIELDS)).filter(() =>
    random.chance(0.5),
  );
  return random.chance(0.95) ? [status, ...more] : more;
}

/** A header block in HEADERS and CONTINUATION frames. */
function split(streamId: number, block: Buffer, random: Random): Buffer {
  const at = random.below(block.length + 1);
  const between = random.chance(0.1) ? ping() : Buffer.alloc(0);
  const end = random.chance(0.5) ? FLAG.endStream : 0;
  return Buffer.concat([
    frame(TYPE.headers, end, streamId, block.subarray(0, at)),
    between,
    frame(TYPE.continuation, random.chance(0.9) ? FLAG.endHeaders : 0, streamId, block.subarray(at)),
  ]);
}

function padded(streamId: number, random: Random): Buffer {
  const padding = random.pick([0, 1, 5, 200]);
  return frame(
    TYPE.data,
    FLAG.padded | random.pick([0, 1]),
    streamId,
    Buffer.concat([Buffer.of(padding), Buffer.alloc(5)]),
  );
}

/** Flags and payload that may have nothing to do with the type. */
function anyFrame(random: Random): Buffer {
  const payload = Buffer.alloc(random.pick([0, 1, 4, 5, 6, 8, 9, 12, 40]), random.below(256));
  return frame(random.below(12), random.below(256), random.pick(IDS), payload);
}

type Make = (random: Random, streamId: number) => Buffer;

const COMMON: readonly Make[] = [
  (random, streamId) => data(streamId, random.pick(['', 'abc', 'x'.repeat(700)]), random.chance(0.5)),
  (random, streamId) => padded(streamId, random),
  (random) => settings([random.pick(Object.values(SETTING)), random.pick(NUMBERS)], [0x0a0a, 7]),
  () => settingsAck(),
  (random) => ping('eightbyt', random.pick([0, FLAG.ack])),
  (random) => windowUpdate(random.pick(IDS), random.pick(NUMBERS)),
  (random, streamId) => rstStream(streamId, random.below(14)),
  (random) => goAway(random.pick(IDS), random.below(14)),
  (random, streamId) => priority(streamId, random.pick(IDS)),
  (random) => anyFrame(random),
];

function messages(random: Random, fields: (random: Random) => Field[]): Buffer {
  const frames = Array.from({ length: 1 + random.below(6) }, () => {
    const streamId = random.pick(IDS);
    if (random.chance(0.4)) return random.pick(COMMON)(random, streamId);
    const list = fields(random);
    return random.chance(0.2)
      ? split(streamId, encodePlainly(list), random)
      : headers(streamId, list, random.chance(0.5));
  });
  return Buffer.concat(frames);
}

/** From a client: preface, settings, requests. */
export function clientBytes(random: Random): Buffer {
  const start = random.chance(0.95) ? [PREFACE, settings()] : [PREFACE];
  return Buffer.concat([...start, messages(random, requestFields)]);
}

/** From a backend: settings, answers. */
export function backendBytes(random: Random): Buffer {
  return Buffer.concat([...(random.chance(0.95) ? [settings()] : []), messages(random, responseFields)]);
}

export const HTTP2_DICTIONARY: readonly Buffer[] = [
  PREFACE,
  settings(),
  settingsAck(),
  ping(),
  data(1, 'abc', true),
  headers(5, request(), true),
  headersOf(1, Buffer.of(0x88), true),
  headersOf(3, Buffer.of(0x82, 0x86, 0x84), false),
  windowUpdate(0, 0x7fff_ffff),
  rstStream(1, 8),
  goAway(1, 0),
  frame(TYPE.continuation, FLAG.endHeaders, 1),
  frame(TYPE.pushPromise, FLAG.endHeaders, 1, Buffer.of(0, 0, 0, 2)),
  Buffer.of(0, 64, 1),
  Buffer.of(0, 0, 0),
];
