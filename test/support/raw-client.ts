/** A TCP client that says exactly the bytes it is told to, and waits for what it is told to expect. For tests. */
import { connect, type Socket } from 'node:net';

/** How long a test waits before it fails; not a delay. */
const ANSWER_TIMEOUT_MS = 5_000;

export class RawClient {
  readonly socket: Socket;
  #received = Buffer.alloc(0);
  #ended = false;
  #closed = false;
  #error: Error | null = null;
  readonly #wakers = new Set<() => void>();

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#wake();
    });
    socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<RawClient> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  #wake(): void {
    for (const waker of [...this.#wakers]) waker();
  }

  /** What has come and was not taken by `read…`, as latin1. */
  get received(): string {
    return this.#received.toString('latin1');
  }
  get closed(): boolean {
    return this.#closed;
  }
  get ended(): boolean {
    return this.#ended;
  }
  /** The error the connection closed with, if any (a reset, say). */
  get error(): Error | null {
    return this.#error;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends each byte in a write of its own, letting the other side read in between. */
  async sendSlowly(bytes: string): Promise<void> {
    for (const byte of Buffer.from(bytes, 'latin1')) {
      this.socket.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
  }

  end(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  async #until(holds: () => boolean, what: string): Promise<void> {
    if (holds()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#wakers.delete(check);
        const seen = this.received.slice(0, 2_000);
        reject(
          new Error(`waited ${ANSWER_TIMEOUT_MS} ms for ${what}; received so far: ${JSON.stringify(seen)}`),
        );
      }, ANSWER_TIMEOUT_MS);
      const check = (): void => {
        if (!holds() && !this.#closed) return;
        clearTimeout(timer);
        this.#wakers.delete(check);
        if (holds()) resolve();
        else reject(new Error(`closed before ${what}; received: ${JSON.stringify(this.received)}`));
      };
      this.#wakers.add(check);
      check();
    });
  }

  /** Resolves when the pattern is in what was received and not yet taken. Takes nothing. */
  async waitFor(pattern: string | RegExp): Promise<void> {
    const found = (): boolean =>
      typeof pattern === 'string' ? this.received.includes(pattern) : pattern.test(this.received);
    await this.#until(found, String(pattern));
  }

  /** Takes everything up to and including `marker`. */
  async readThrough(marker: string): Promise<string> {
    await this.waitFor(marker);
    const end = this.received.indexOf(marker) + marker.length;
    return this.take(end);
  }

  async readBytes(count: number): Promise<Buffer> {
    await this.#until(() => this.#received.length >= count, `${count} bytes`);
    const taken = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return taken;
  }

  take(count: number): string {
    const taken = this.#received.subarray(0, count).toString('latin1');
    this.#received = this.#received.subarray(count);
    return taken;
  }

  /** Takes one response with Content-Length, chunked or no body. */
  async readResponse(options: { readonly noBody?: boolean } = {}): Promise<RawResponse> {
    const head = await this.readThrough('\r\n\r\n');
    const [statusLine = '', ...lines] = head.slice(0, -4).split('\r\n');
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    const header = (name: string): string | undefined =>
      headers
        .filter(([key]) => key === name)
        .map(([, value]) => value)
        .reduce<string | undefined>(
          (all, value) => (all === undefined ? value : `${all}, ${value}`),
          undefined,
        );
    const status = Number(statusLine.split(' ')[1]);
    const bodiless = options.noBody === true || status < 200 || status === 204 || status === 304;
    const body = bodiless ? '' : await this.#readBody(header('content-length'), header('transfer-encoding'));
    return { statusLine, status, headers, header, head, body };
  }

  async #readBody(contentLength: string | undefined, transferEncoding: string | undefined): Promise<string> {
    if (transferEncoding !== undefined) {
      let body = '';
      for (;;) {
        const size = parseInt(await this.readThrough('\r\n'), 16);
        if (size === 0) break;
        body += (await this.readBytes(size)).toString('latin1');
        await this.readThrough('\r\n');
      }
      for (;;) if ((await this.readThrough('\r\n')) === '\r\n') return body;
    }
    if (contentLength !== undefined) return (await this.readBytes(Number(contentLength))).toString('latin1');
    await this.waitForEnd();
    return this.take(this.#received.length);
  }

  /** Resolves when the peer has ended its side or the connection is gone. */
  async waitForEnd(): Promise<void> {
    await this.#until(() => this.#ended || this.#closed, 'the end of the connection');
  }

  async waitForClose(): Promise<void> {
    await this.#until(() => this.#closed, 'the close of the connection');
  }
}

export interface RawResponse {
  readonly statusLine: string;
  readonly status: number;
  /** Names in lower case, in order. */
  readonly headers: readonly (readonly [string, string])[];
  /** Values of a field joined by `, `. */
  header(name: string): string | undefined;
  /** The head as it came, with its empty line. */
  readonly head: string;
  readonly body: string;
}
