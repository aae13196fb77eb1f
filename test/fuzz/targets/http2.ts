/** The HTTP/2 engines, and the frames by themselves. */
import assert from 'node:assert/strict';
import { FrameReader } from '../../../src/proxy/h2/frame-reader.ts';
import {
  data,
  headers,
  ping,
  PREFACE,
  request,
  settings,
  settingsAck,
  windowUpdate,
} from '../../support/h2-frames.ts';
import { receiveHttp2, serveHttp2 } from '../../support/recording-engines.ts';
import type { FuzzTarget } from '../target.ts';
import { backendBytes, clientBytes, HTTP2_DICTIONARY } from './http2-bytes.ts';

const REQUESTS = Buffer.concat([
  PREFACE,
  settings([4, 65_535], [3, 100]),
  settingsAck(),
  headers(1, request(), true),
  headers(3, request({ ':method': 'POST' }, ['content-length', '3']), false),
  data(3, 'abc', true),
  headers(5, request({ ':method': 'POST' }, ['te', 'trailers']), false),
  data(5, 'abc'),
  windowUpdate(0, 100),
  headers(5, [['grpc-status', '0']], true),
  ping(),
]);
const TUNNEL = Buffer.concat([
  PREFACE,
  settings(),
  headers(
    1,
    request({ ':method': 'CONNECT', ':protocol': 'websocket' }, ['sec-websocket-version', '13']),
    false,
  ),
  data(1, 'bytes'),
  data(1, '', true),
]);
const ANSWERS = Buffer.concat([
  settings([3, 100]),
  settingsAck(),
  headers(
    1,
    [
      [':status', '103'],
      ['link', 'x'],
    ],
    false,
  ),
  headers(
    1,
    [
      [':status', '200'],
      ['content-length', '3'],
    ],
    false,
  ),
  data(1, 'abc'),
  headers(1, [['x-t', '1']], true),
  headers(
    3,
    [
      [':status', '200'],
      ['content-length', '5'],
    ],
    true,
  ),
]);

/** DATA after the end of its stream, on a tunnel that was refused and on a request that is not answered yet. */
const TOO_MUCH = Buffer.concat([
  PREFACE,
  settings(),
  headers(1, request({ ':method': 'CONNECT', ':protocol': 'websocket' }), false),
  data(1, 'abc', true),
  data(1, 'bytes'),
  headers(3, request({ ':method': 'POST' }), true),
  data(3, 'bytes'),
  data(3, '', true),
]);

export const http2Server: FuzzTarget = {
  name: 'http2-server',
  corpus: [REQUESTS, TUNNEL, TOO_MUCH],
  dictionary: HTTP2_DICTIONARY,
  generate: clientBytes,
  outcomeOf: (reads) => serveHttp2(reads).log.join('\n'),
};

export const http2Client: FuzzTarget = {
  name: 'http2-client',
  corpus: [ANSWERS],
  dictionary: HTTP2_DICTIONARY,
  generate: backendBytes,
  outcomeOf: (reads) => receiveHttp2(reads).join('\n'),
};

const MAX_FRAME_BYTES = 16_384;
const PADDED = 8;

interface ReadFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: string;
}

/** Frames as the RFC draws them: a header of nine bytes, then the payload. Ends at the first that is cut off, or too large. */
function referenceFrames(bytes: Buffer): ReadFrame[] {
  const frames: ReadFrame[] = [];
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3);
    const from = at + 9;
    at = from + length;
    if (length > MAX_FRAME_BYTES || at > bytes.length) break;
    const streamId = bytes.readUInt32BE(from - 4) & 0x7fff_ffff;
    const payload = bytes.toString('latin1', from, at);
    frames.push({ type: bytes.readUInt8(from - 6), flags: bytes.readUInt8(from - 5), streamId, payload });
  }
  return frames;
}

/** Pieces of DATA put together again; the last one carries the flags. Frames that are not whole are left out. */
function readFrames(reads: readonly Buffer[], whole: Buffer): ReadFrame[] {
  const reader = new FrameReader();
  const frames: ReadFrame[] = [];
  let pending = '';
  let seen = 0;
  for (const read of reads) {
    reader.feed(Buffer.from(read), read.length);
    while (reader.next()) {
      if (reader.isTooLarge) return frames;
      const { type, flags, streamId } = reader;
      pending += reader.buffer.toString('latin1', reader.from, reader.to);
      const isDivided = type === 0 && pending.length < whole.readUIntBE(seen, 3);
      if (isDivided) {
        assert.equal(flags & PADDED, 0, 'padded frames are not divided');
        continue;
      }
      frames.push({ type, flags, streamId, payload: pending });
      seen += 9 + pending.length;
      pending = '';
    }
    reader.endRead();
  }
  return frames;
}

export const http2Frames: FuzzTarget = {
  name: 'http2-frames',
  corpus: [REQUESTS.subarray(PREFACE.length), ANSWERS],
  dictionary: HTTP2_DICTIONARY,
  generate: backendBytes,
  outcomeOf(reads) {
    const whole = Buffer.concat(reads);
    const frames = readFrames(reads, whole);
    assert.deepEqual(frames, referenceFrames(whole));
    return JSON.stringify(frames);
  },
};
