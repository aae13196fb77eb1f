/** Requests of simulated clients, and their results. */
import type { RequestHead, ResponseHead } from '../../src/proxy/message/head.ts';
import { LocalHead } from '../../src/proxy/message/head.ts';
import type { DownstreamStream } from '../../src/proxy/message/stream.ts';

const BODY_BYTES = 4;

export class SimRequest implements DownstreamStream {
  readonly id: number;
  readonly method: string;
  readonly host: string;
  /** Times that a backend may have acted upon it. */
  processed = 0;
  attempts = 0;
  /** A backend has looked at the last try: another one loads it twice. */
  wasSeen = false;
  /** Status that a backend gave the last attempt; 0 without one. */
  lastStatus = 0;
  status = 0;
  /** How it ended; null while it has not. */
  ended: 'answered' | 'broken off' | 'left' | null = null;
  readonly #fail: (what: string) => never;

  constructor(id: number, method: string, host: string, fail: (what: string) => never) {
    this.id = id;
    this.method = method;
    this.host = host;
    this.#fail = fail;
  }

  get hasBody(): boolean {
    return this.method === 'POST' || this.method === 'PUT';
  }

  sendInformational(): void {
    // Not asked for.
  }
  sendHead(head: ResponseHead): void {
    this.#mustBeOpen('a head');
    if (this.status !== 0) this.#fail(`request ${this.id} got two heads`);
    this.status = head.status;
  }
  sendData(): boolean {
    this.#mustBeOpen('data');
    if (this.status === 0) this.#fail(`request ${this.id} got data without a head`);
    return true;
  }
  sendEnd(): void {
    this.#mustBeOpen('an end');
    if (this.status === 0) this.#fail(`request ${this.id} ended without a head`);
    this.ended = 'answered';
  }
  abort(): void {
    this.#mustBeOpen('a reset');
    this.ended = 'broken off';
  }
  #mustBeOpen(what: string): void {
    if (this.ended !== null) this.#fail(`request ${this.id} got ${what} after it had ${this.ended}`);
  }

  flush(): void {
    // Nothing is held back.
  }
  pauseRequest(): void {
    // Bodies are one chunk.
  }
  resumeRequest(): void {
    // As above.
  }
}

export class SimRequestHead extends LocalHead implements RequestHead {
  readonly request: SimRequest;
  readonly method: string;
  readonly host: string;
  readonly authority: string;
  readonly path = '/';
  readonly query = '';
  readonly pathChanged = false;
  readonly upgrade = '';
  readonly expectsContinue = false;
  readonly acceptsTrailers = false;
  readonly version = 'HTTP/1.1';

  constructor(request: SimRequest) {
    super(0, [], [], request.hasBody ? BODY_BYTES : 0);
    this.request = request;
    this.method = request.method;
    this.host = request.host;
    this.authority = request.host;
  }
  header(): undefined {
    return undefined;
  }
  readonly suspects = 0;
  hide(): void {
    // There are no fields.
  }
  retain(): RequestHead {
    return this;
  }
}
