/** One HTTP/2 connection to a backend: many exchanges at once. */
import type { Transport } from '../../listener/transport.ts';
import type { UpstreamEvents } from '../stream.ts';
import { H2ClientStream } from './client-stream.ts';
import { H2Connection, type H2Limits } from './connection.ts';
import { FieldWriter } from './field-writer.ts';
import { ErrorCode, MAX_WINDOW_BYTES, PREFACE, Setting } from './frame.ts';

/** What a backend may make us keep. */
const HEADER_LIST_BYTES = 65_536;
const HEADER_COUNT = 256;
const CONNECTION_WINDOW_BYTES = 4_194_304;
/** Until the backend says otherwise. */
const ASSUMED_STREAMS = 100;

export interface H2ConnectionOwner {
  /** A stream ended, or the backend's settings changed: there may be room, or nothing left to do. */
  onRoom(connection: H2ClientConnection): void;
  onGone(connection: H2ClientConnection): void;
  onTimeout(connection: H2ClientConnection): void;
}

export class H2ClientConnection extends H2Connection<H2ClientStream> {
  readonly fields: FieldWriter;
  /** Streams begun. */
  served = 0;
  readonly #owner: H2ConnectionOwner;
  readonly #maxStreams: number;
  #nextId = 1;
  /** The backend takes no new streams (GOAWAY), or the pool gives none. */
  isLeaving = false;
  #toFlush: H2ClientStream[] = [];

  constructor(
    owner: H2ConnectionOwner,
    transport: Transport,
    options: { maxStreams: number; windowBytes: number },
  ) {
    super(transport, limitsOf(options.windowBytes));
    this.#owner = owner;
    this.#maxStreams = options.maxStreams;
    this.fields = new FieldWriter(this.encoder);
    this.peer.maxConcurrentStreams = ASSUMED_STREAMS;
    const preface = this.writer.room(PREFACE.length);
    const at = this.writer.at;
    PREFACE.copy(preface, at);
    this.writer.take(at + PREFACE.length);
    this.sendSettings([
      [Setting.enablePush, 0],
      [Setting.initialWindowSize, options.windowBytes],
      [Setting.maxHeaderListSize, HEADER_LIST_BYTES],
    ]);
  }

  get hasRoom(): boolean {
    const limit = Math.min(this.#maxStreams, this.peer.maxConcurrentStreams);
    return !this.isLeaving && !this.isFailed && this.streams.size < limit && this.#nextId < MAX_WINDOW_BYTES;
  }

  /** Begins an exchange; `hasRoom` must be true. `start` must follow before the next `open`, for ids go out in order. */
  open(events: UpstreamEvents): H2ClientStream {
    const stream = new H2ClientStream(this.#nextId, this, events);
    this.#nextId += 2;
    this.served++;
    this.streams.add(stream);
    return stream;
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, isTooLarge: boolean): boolean {
    const stream = this.streams.get(streamId);
    if (stream === undefined) return this.mayBeClosed(streamId) || this.fail(ErrorCode.protocolError);
    const { decoder } = this;
    if (isTooLarge || !stream.onHeaderBlock(decoder.entries, decoder.count, endStream)) {
      stream.fail(ErrorCode.protocolError);
    }
    return !this.isFailed;
  }

  /** Frames for streams that we have reset may still be under way. */
  protected mayBeClosed(streamId: number): boolean {
    return (streamId & 1) === 1 && streamId < this.#nextId;
  }

  protected override refuseClosed(): boolean {
    return true;
  }

  protected onGoAway(lastStreamId: number): void {
    this.isLeaving = true;
    for (const stream of this.streams.all()) if (stream.id > lastStreamId) stream.onUnprocessed();
    this.#owner.onRoom(this);
  }

  noteFlush(stream: H2ClientStream): void {
    if (this.#toFlush.at(-1) !== stream) this.#toFlush.push(stream);
  }

  protected override onBurstEnd(): void {
    if (this.#toFlush.length === 0) return;
    const streams = this.#toFlush;
    this.#toFlush = [];
    for (const stream of streams) stream.flushResponse();
  }

  onStreamClosed(): void {
    if (!this.isFailed) this.#owner.onRoom(this);
  }

  protected override onSettings(): void {
    this.#owner.onRoom(this);
  }

  override onTimer(): void {
    this.#owner.onTimeout(this);
  }

  /** We are the client: the backend opens no streams. */
  protected lastPeerStream(): number {
    return 0;
  }

  protected onConnectionClosed(): void {
    this.#owner.onGone(this);
  }

  destroy(): void {
    this.transport.socket.destroy();
  }
}

const limitsOf = (streamWindowBytes: number): H2Limits => ({
  headerListBytes: HEADER_LIST_BYTES,
  headerCount: HEADER_COUNT,
  streamWindowBytes,
  connectionWindowBytes: CONNECTION_WINDOW_BYTES,
});
