/** The HTTP/1.1 engines, and the chunked coding by itself. */
import assert from 'node:assert/strict';
import { BROKEN, ChunkedDecoder } from '../../../src/proxy/h1/chunked.ts';
import { receiveHttp1, serveHttp1 } from '../../support/recording-engines.ts';
import type { FuzzTarget } from '../target.ts';
import { ascii, chunkedBody, HTTP1_DICTIONARY, requestText, responseText } from './http1-bytes.ts';

const withoutDate = (text: string): string => text.replace(/date: .*\r\n/g, '');

/** Requests on one connection, one after the other. */
export const http1Request: FuzzTarget = {
  name: 'http1-request',
  corpus: [
    'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
    'GET /a/../b%2f?c=d HTTP/1.1\r\nHost: A.example:8080\r\nAccept: */*\r\nCookie: a=b\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
    'GET http://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n',
    'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    'GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
  ].map(ascii),
  dictionary: HTTP1_DICTIONARY,
  generate: (random) =>
    ascii(Array.from({ length: 1 + random.below(3) }, () => requestText(random)).join('')),
  outcomeOf(reads) {
    const { log, written } = serveHttp1(reads);
    // A refused request ends its connection, so later bytes are not parsed. Input that is not HTTP gets no answer.
    const refusals = log.filter((line) => line.startsWith('refused')).length;
    assert.ok(refusals <= 1, 'went on after a refusal');
    if (refusals > 0) assert.match(written, /^$|connection: close\r\n/);
    return [...log, withoutDate(written)].join('\n');
  },
};

/** Answers of a backend, to a GET and to a HEAD. */
export const http1Response: FuzzTarget = {
  name: 'http1-response',
  corpus: [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n',
    'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 3\r\n\r\n',
    'HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    'HTTP/1.1 200\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n',
  ].map(ascii),
  dictionary: HTTP1_DICTIONARY,
  generate: (random) => ascii(responseText(random)),
  outcomeOf: (reads) => [...receiveHttp1(reads, false), ...receiveHttp1(reads, true)].join('\n'),
};

/** A chunked body and what follows it. */
export const chunked: FuzzTarget = {
  name: 'chunked',
  corpus: [
    '0\r\n\r\n',
    '3\r\nabc\r\n0\r\n\r\nrest',
    'A;x="y"\r\n0123456789\r\n0\r\nX-T: 1\r\nX-U: 2\r\n\r\n',
  ].map(ascii),
  dictionary: HTTP1_DICTIONARY,
  generate: (random) => ascii(chunkedBody(random) + (random.chance(0.3) ? 'rest' : '')),
  outcomeOf(reads) {
    const decoder = new ChunkedDecoder();
    decoder.reset();
    let payload = '';
    let rest = '';
    for (const read of reads) {
      const buffer = Buffer.from(read);
      const end = decoder.ended ? 0 : decoder.decode(buffer, 0, buffer.length);
      if (end === BROKEN) return 'broken';
      assert.ok(end === buffer.length || decoder.ended, 'left bytes of a body that goes on');
      payload += buffer.toString('latin1', decoder.payloadFrom, decoder.payloadTo);
      if (decoder.ended) rest += buffer.toString('latin1', end);
      if (decoder.ended) decoder.payloadTo = decoder.payloadFrom;
    }
    const { trailers } = decoder;
    const names =
      trailers === null ? '-' : Array.from({ length: trailers.count }, (_, at) => trailers.name(at));
    return `${payload}|${String(decoder.ended)}|${String(names)}|${rest}`;
  },
};
