/** One request on a connection of its own, over HTTP/1.1 or HTTP/2, written byte by byte: also requests that no client library sends. */
import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import { FLAG, PREFACE, SETTING, TYPE, data, headers, request, settings } from './h2-frames.ts';
import { H2Peer } from './h2-peer.ts';
import { RawClient } from './raw-client.ts';
import type { Field } from './reference-hpack.ts';

export type Version = 'HTTP/1.1' | 'HTTP/2';

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly fields: readonly Field[];
  /** `` = none. */
  readonly body?: string;
  /** The body comes without its length. */
  readonly isUnsized?: boolean;
  /** What is left out at the end, for good: the last line of the head, or the end of the body. */
  readonly unfinished?: 'head' | 'body';
  /** Version in the request line of HTTP/1.1. */
  readonly versionText?: string;
  /** `:protocol` of HTTP/2. */
  readonly protocol?: string;
}

export interface Received {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: readonly Field[];
  readonly body: string;
  /** The response ended with its head, as far as the version can show it. */
  readonly endedWithHead: boolean;
}

export interface Target {
  readonly port: number;
  /** Connect with TLS and this server name. */
  readonly serverName?: string;
}

export const HOST = 'a.example';

export async function exchangeOnce(target: Target, version: Version, sent: Sent): Promise<Received> {
  const raw = await dial(target, version);
  try {
    return version === 'HTTP/2' ? await overHttp2(raw, sent) : await overHttp1(raw, sent);
  } finally {
    raw.destroy();
  }
}

async function dial({ port, serverName }: Target, version: Version): Promise<RawClient> {
  if (serverName === undefined) return RawClient.connect(port);
  const socket = connectTls({
    host: '127.0.0.1',
    port,
    servername: serverName,
    rejectUnauthorized: false,
    ALPNProtocols: [version === 'HTTP/2' ? 'h2' : 'http/1.1'],
  });
  await once(socket, 'secureConnect');
  return new RawClient(socket);
}

async function overHttp1(raw: RawClient, sent: Sent): Promise<Received> {
  const { method, path, fields, body = '', versionText = 'HTTP/1.1', unfinished } = sent;
  const framing =
    body === ''
      ? []
      : [sent.isUnsized === true ? 'transfer-encoding: chunked' : `content-length: ${body.length}`];
  const lines = [
    `${method} ${path} ${versionText}`,
    `host: ${HOST}`,
    ...fields.map(([name, value]) => `${name}: ${value}`),
    ...(fields.some(([name]) => name === 'connection') ? [] : ['connection: close']),
    ...framing,
  ];
  const payload = sent.isUnsized === true ? `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : body;
  const head = `${lines.join('\r\n')}\r\n`;
  if (unfinished === 'head') {
    // The first head of a connection is timed from the connection's start, which may be long before its first byte.
    raw.send(`GET /first HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
    await raw.readResponse();
    raw.send(head);
  } else raw.send(`${head}\r\n${unfinished === 'body' ? payload.slice(0, 1) : payload}`);
  const response = await raw.readResponse({ noBody: method === 'HEAD' });
  await raw.waitForEnd();
  // Bytes after a response whose end is known are a body that it must not have.
  const body1 = response.body + raw.received;
  const list = response.headers.map(([name, value]): Field => [name, value]);
  return { status: response.status, fields: list, body: body1, endedWithHead: body1 === '' };
}

async function overHttp2(raw: RawClient, sent: Sent): Promise<Received> {
  const { method, path, fields, body = '', unfinished, protocol } = sent;
  const peer = new H2Peer(raw);
  peer.send(PREFACE, settings([SETTING.enablePush, 0]));
  await peer.exchangeSettings();
  const pseudo = { ':method': method, ':path': path, ':authority': HOST };
  const length: Field[] =
    body === '' || sent.isUnsized === true ? [] : [['content-length', String(body.length)]];
  const list = request(
    protocol === undefined ? pseudo : { ...pseudo, ':protocol': protocol },
    ...fields,
    ...length,
  );
  const isBodiless = body === '' && protocol === undefined;
  peer.send(headers(1, list, isBodiless));
  if (body !== '')
    peer.send(data(1, unfinished === 'body' ? body.slice(0, 1) : body, unfinished === undefined));
  let response: Field[] = [];
  let text = '';
  for (;;) {
    const frame = await peer.next(({ streamId }) => streamId === 1);
    const isEnd = (frame.flags & FLAG.endStream) !== 0;
    if (frame.type === TYPE.rstStream) throw new Error(`stream reset: ${frame.payload.toString('hex')}`);
    if (frame.type === TYPE.data) text += frame.payload.toString('latin1');
    if (frame.type === TYPE.headers) response = frame.fields;
    if (!isEnd) continue;
    const status = Number(response.find(([name]) => name === ':status')?.[1]);
    return { status, fields: response, body: text, endedWithHead: frame.type === TYPE.headers };
  }
}
