/** gRPC-Web as a browser would send and read it, decoded by hand. */
import { request } from 'node:http';

/** A message in its frame. */
export function frame(message: Buffer): Buffer {
  const framed = Buffer.alloc(5 + message.length);
  framed.writeUInt32BE(message.length, 1);
  message.copy(framed, 5);
  return framed;
}

export interface WebAnswer {
  readonly messages: readonly Buffer[];
  /** null: the body has no frame of trailers. */
  readonly trailers: Readonly<Record<string, string>> | null;
}

/** Reads the frames of a whole body; throws when one is cut short or something follows the trailers. */
export function readFrames(body: Buffer): WebAnswer {
  const messages: Buffer[] = [];
  let trailers: WebAnswer['trailers'] = null;
  let at = 0;
  while (at < body.length) {
    if (trailers !== null) throw new Error('something follows the trailers');
    const flag = body[at];
    const length = body.readUInt32BE(at + 1);
    const payload = body.subarray(at + 5, at + 5 + length);
    if (payload.length < length) throw new Error('a frame is cut short');
    if (flag === 0) messages.push(payload);
    else trailers = readLines(payload.toString('latin1'));
    at += 5 + length;
  }
  return { messages, trailers };
}

const readLines = (text: string): Record<string, string> =>
  Object.fromEntries(
    text
      .split('\r\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(line) ?? [];
        return [name, value];
      }),
  );

/** Texts with padding in between, as PROTOCOL-WEB.md allows. */
export const fromBase64 = (text: string): Buffer =>
  Buffer.concat((text.match(/[^=]+={0,2}/g) ?? []).map((part) => Buffer.from(part, 'base64')));

/** As much of XMLHttpRequest as the official client of gRPC-Web uses. */
export class TestXhr {
  readyState = 0;
  status = 0;
  statusText = '';
  responseText = '';
  response: ArrayBuffer | string = '';
  responseType = '';
  withCredentials = false;
  onreadystatechange: (() => void) | null = null;
  onprogress: (() => void) | null = null;
  readonly upload = {};
  #url = '';
  #method = '';
  #headers: Record<string, string> = {};
  #received: Record<string, string> = {};
  #body = Buffer.alloc(0);
  #abort: () => void = () => undefined;

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
    this.#enter(1);
  }
  setRequestHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }
  getResponseHeader(name: string): string | null {
    return this.#received[name.toLowerCase()] ?? null;
  }
  getAllResponseHeaders(): string {
    return Object.entries(this.#received)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('');
  }
  abort(): void {
    this.#abort();
  }

  send(body: Uint8Array | string): void {
    const sent = request(
      this.#url,
      { method: this.#method, headers: this.#headers, agent: false },
      (answer) => {
        this.status = answer.statusCode ?? 0;
        for (const [name, value] of Object.entries(answer.headers)) this.#received[name] = String(value);
        this.#enter(2);
        answer.on('data', (chunk: Buffer) => {
          this.#body = Buffer.concat([this.#body, chunk]);
          this.#expose();
          this.#enter(3);
        });
        answer.on('end', () => {
          this.#expose();
          this.#enter(4);
        });
      },
    );
    sent.on('error', () => {
      this.status = 0;
      this.#enter(4);
    });
    this.#abort = () => sent.destroy();
    sent.end(body);
  }

  #expose(): void {
    if (this.responseType === 'arraybuffer') this.response = new Uint8Array(this.#body).buffer;
    else this.response = this.responseText = this.#body.toString('latin1');
  }
  #enter(state: number): void {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}
