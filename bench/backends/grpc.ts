/**
 * The backend of gRPC: HTTP/2 with prior knowledge, one fixed answer of 47 bytes for every call, `node bench/backends/grpc.ts PORT`.
 * All frames of a turn of the event loop leave in one write, on every connection: how a backend writes moves this comparison
 * threefold, so it is kept the same for all. It reads no header block, so it needs none of the compression state.
 */
import { createServer, type Socket } from 'node:net';
import { FrameType, Flag, Setting, FRAME_HEADER_BYTES } from '../../src/proxy/h2/frame.ts';
import { PREFACE } from '../../src/proxy/message/http2-preface.ts';

const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 42]), Buffer.alloc(42, 'r')]);
const WINDOW_BYTES = 0x7fff_0000;
const CREDIT_AT_BYTES = 1 << 20;

function frame(type: number, flags: number, streamId: number, payload: Buffer): Buffer {
  const bytes = Buffer.alloc(FRAME_HEADER_BYTES + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(streamId, 5);
  payload.copy(bytes, FRAME_HEADER_BYTES);
  return bytes;
}

function windowUpdate(increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(FrameType.windowUpdate, 0, 0, payload);
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);

const STATUS_200 = Buffer.from([0x88]);
/** Of the static table: content-type. */
const CONTENT_TYPE = 31;

/** Head and trailers, with (RFC 7541 section 6.2.1) or without (6.2.2) a place in the peer's table. */
function literals(indexed: boolean): { head: Buffer; trailers: Buffer } {
  const type = Buffer.from(indexed ? [0x40 | CONTENT_TYPE] : [0x0f, CONTENT_TYPE - 15]);
  const newName = Buffer.from([indexed ? 0x40 : 0]);
  return {
    head: Buffer.concat([STATUS_200, type, text('application/grpc')]),
    trailers: Buffer.concat([newName, text('grpc-status'), text('0')]),
  };
}

const FIRST = literals(true);
const UNINDEXED = literals(false);
/** Both fields are in the peer's table: the last one that came is number 62. */
const LATER = { head: Buffer.from([0x88, 0x80 | 63]), trailers: Buffer.from([0x80 | 62]) };

function answerTo(streamId: number, { head, trailers }: { head: Buffer; trailers: Buffer }): Buffer {
  return Buffer.concat([
    frame(FrameType.headers, Flag.endHeaders, streamId, head),
    frame(FrameType.data, 0, streamId, MESSAGE),
    frame(FrameType.headers, Flag.endHeaders | Flag.endStream, streamId, trailers),
  ]);
}

class GrpcConnection {
  readonly #socket: Socket;
  #unread = Buffer.alloc(0);
  #prefaceLeft = PREFACE.length;
  #received = 0;
  #fields = FIRST;
  #out: Buffer[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
    this.#send(frame(FrameType.settings, 0, 0, settings([[Setting.maxConcurrentStreams, 1000]])));
    this.#send(windowUpdate(WINDOW_BYTES));
    socket.on('data', (bytes) => {
      this.#read(bytes);
    });
    socket.on('error', () => socket.destroy());
  }

  #send(bytes: Buffer): void {
    if (this.#out.length === 0) setImmediate(() => this.#flush());
    this.#out.push(bytes);
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#out);
    this.#out = [];
    this.#socket.write(bytes);
  }

  #read(chunk: Buffer): void {
    const skipped = Math.min(this.#prefaceLeft, chunk.length);
    this.#prefaceLeft -= skipped;
    const bytes = this.#unread.length === 0 ? chunk.subarray(skipped) : Buffer.concat([this.#unread, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const end = at + FRAME_HEADER_BYTES + bytes.readUIntBE(at, 3);
      if (end > bytes.length) break;
      this.#take(bytes.subarray(at, end));
      at = end;
    }
    this.#unread = Buffer.from(bytes.subarray(at));
  }

  #take(bytes: Buffer): void {
    const [type, flags = 0] = [bytes[3], bytes[4]];
    const isAck = (flags & Flag.ack) !== 0;
    const payload = bytes.subarray(FRAME_HEADER_BYTES);
    if (type === FrameType.data || type === FrameType.headers) {
      if (type === FrameType.data) this.#credit(payload.length);
      if ((flags & Flag.endStream) !== 0) this.#answer(bytes.readUInt32BE(5));
    } else if (type === FrameType.settings && !isAck) {
      if (tableSizeIn(payload) < 4096) this.#fields = UNINDEXED;
      this.#send(frame(FrameType.settings, Flag.ack, 0, Buffer.alloc(0)));
    } else if (type === FrameType.ping && !isAck) {
      this.#send(frame(FrameType.ping, Flag.ack, 0, payload));
    }
  }

  #answer(streamId: number): void {
    this.#send(answerTo(streamId, this.#fields));
    if (this.#fields === FIRST) this.#fields = LATER;
  }

  #credit(bytes: number): void {
    this.#received += bytes;
    if (this.#received < CREDIT_AT_BYTES) return;
    this.#send(windowUpdate(this.#received));
    this.#received = 0;
  }
}

function settings(entries: readonly (readonly [number, number])[]): Buffer {
  const payload = Buffer.alloc(6 * entries.length);
  for (const [index, [id, value]] of entries.entries()) {
    payload.writeUInt16BE(id, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return payload;
}

function tableSizeIn(payload: Buffer): number {
  for (let at = 0; at + 6 <= payload.length; at += 6) {
    if (payload.readUInt16BE(at) === Setting.headerTableSize) return payload.readUInt32BE(at + 2);
  }
  return 4096;
}

createServer({ noDelay: true }, (socket) => {
  new GrpcConnection(socket);
}).listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 4096 });
