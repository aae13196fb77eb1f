/** Either end of an HTTP/2 connection, frame by frame, doing nothing by itself. For tests. */
import { CODE, FLAG, PREFACE, TYPE, ping, settings, settingsAck } from './h2-frames.ts';
import { RawClient } from './raw-client.ts';
import { ReferenceDecoder, type Field } from './reference-hpack.ts';

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
  /** Of HEADERS: decoded when it came, for blocks have an order. */
  readonly fields: Field[];
}

/** A message as it came, to its end or its reset. */
export interface Message {
  /** Each header block before the body: informational ones, then the head. */
  readonly blocks: Field[][];
  body: string;
  trailers: Field[] | null;
  /** Code of RST_STREAM; null without one. */
  reset: number | null;
}

const isEnd = ({ type, flags }: Frame): boolean =>
  (type === TYPE.data || type === TYPE.headers) && (flags & FLAG.endStream) !== 0;

export class H2Peer {
  readonly raw: RawClient;
  readonly #decoder = new ReferenceDecoder();
  /** Fields so far that came as never to be indexed. */
  readonly neverIndexed: Field[] = [];
  /** Frames that were read and not asked for yet. */
  readonly #seen: Frame[] = [];
  /** A header block that is not whole yet. */
  #block: { readonly head: Frame; parts: Buffer[] } | null = null;

  constructor(raw: RawClient) {
    this.raw = raw;
  }

  /** Connects as a client that has exchanged settings. */
  static async connect(port: number, ...pairs: readonly (readonly [number, number])[]): Promise<H2Peer> {
    const peer = new H2Peer(await RawClient.connect(port));
    peer.send(PREFACE, settings(...pairs));
    await peer.exchangeSettings();
    return peer;
  }

  /** Answers as a backend that has exchanged settings. */
  static async accept(raw: RawClient, ...pairs: readonly (readonly [number, number])[]): Promise<H2Peer> {
    const peer = new H2Peer(raw);
    await peer.raw.readThrough(PREFACE.toString('latin1'));
    peer.send(settings(...pairs));
    await peer.exchangeSettings();
    return peer;
  }

  async exchangeSettings(): Promise<void> {
    await this.next(({ type, flags }) => type === TYPE.settings && flags === 0);
    this.send(settingsAck());
    await this.next(({ type, flags }) => type === TYPE.settings && flags === FLAG.ack);
  }

  send(...frames: readonly Buffer[]): void {
    this.raw.send(Buffer.concat(frames));
  }

  /** The next frame that no call has taken. CONTINUATION comes as part of its HEADERS. */
  async frame(): Promise<Frame> {
    return this.#seen.shift() ?? this.#read();
  }

  async #read(): Promise<Frame> {
    for (;;) {
      const header = await this.raw.readBytes(9);
      const payload = Buffer.from(await this.raw.readBytes(header.readUIntBE(0, 3)));
      const streamId = header.readUInt32BE(5);
      const whole = this.#gather({
        type: header[3] ?? 0,
        flags: header[4] ?? 0,
        streamId,
        payload,
        fields: [],
      });
      if (whole !== null) return whole;
    }
  }

  #gather(read: Frame): Frame | null {
    if (read.type === TYPE.headers) this.#block = { head: read, parts: [] };
    if (this.#block === null) return read;
    this.#block.parts.push(read.payload);
    if ((read.flags & FLAG.endHeaders) === 0) return null;
    const { head, parts } = this.#block;
    this.#block = null;
    const payload = Buffer.concat(parts);
    const fields = this.#decoder.decode(payload);
    this.neverIndexed.push(...this.#decoder.neverIndexed);
    return { ...head, flags: head.flags | FLAG.endHeaders, payload, fields };
  }

  /** Takes the first frame that `fits`; those before it stay for other calls. */
  async next(fits: (frame: Frame) => boolean): Promise<Frame> {
    const at = this.#seen.findIndex(fits);
    if (at >= 0) return this.#seen.splice(at, 1)[0] as Frame;
    for (;;) {
      const read = await this.#read();
      if (fits(read)) return read;
      this.#seen.push(read);
    }
  }

  /** The first frame that `fits` of those that came while others were waited for. */
  seen(fits: (frame: Frame) => boolean): Frame | null {
    const at = this.#seen.findIndex(fits);
    return at < 0 ? null : (this.#seen.splice(at, 1)[0] ?? null);
  }

  /** Exchanges PINGs with the peer: everything that it sent before has arrived afterwards. */
  async exchangePings(rounds = 1): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      this.send(ping());
      await this.next(({ type, flags }) => type === TYPE.ping && flags === FLAG.ack);
    }
  }

  async nextOf(type: number, streamId: number): Promise<Frame> {
    return this.next((read) => read.type === type && read.streamId === streamId);
  }

  /** Fields of the next header block of the stream. */
  async fields(streamId: number): Promise<Field[]> {
    return (await this.nextOf(TYPE.headers, streamId)).fields;
  }

  /** Everything of one stream up to its end. */
  async message(streamId: number): Promise<Message> {
    const message: Message = { blocks: [], body: '', trailers: null, reset: null };
    for (;;) {
      const read = await this.next((candidate) => candidate.streamId === streamId);
      if (read.type === TYPE.rstStream) message.reset = read.payload.readUInt32BE(0);
      else if (read.type === TYPE.data) message.body += read.payload.toString('latin1');
      else if (read.type === TYPE.headers) {
        const hasHead = message.blocks.some(([status]) => status?.[1].startsWith('1') === false);
        if (hasHead) message.trailers = read.fields;
        else message.blocks.push(read.fields);
      }
      if (isEnd(read) || message.reset !== null) return message;
    }
  }

  /** The next GOAWAY. */
  async goneAway(): Promise<{ readonly lastStreamId: number; readonly code: number; readonly name: string }> {
    const { payload } = await this.nextOf(TYPE.goAway, 0);
    const code = payload.readUInt32BE(4);
    const name = Object.entries(CODE).find(([, value]) => value === code)?.[0] ?? String(code);
    return { lastStreamId: payload.readUInt32BE(0), code, name };
  }

  /** Code of the next RST_STREAM of the stream. */
  async reset(streamId: number): Promise<number> {
    return (await this.nextOf(TYPE.rstStream, streamId)).payload.readUInt32BE(0);
  }
}

/** The value of a field, several joined; undefined when absent. */
export function valueOf(fields: readonly Field[] | undefined, name: string): string | undefined {
  const values = (fields ?? []).filter(([key]) => key === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}
