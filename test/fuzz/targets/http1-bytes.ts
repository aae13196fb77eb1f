/** HTTP/1.1 messages as text: their parts, right and wrong. */
import type { Random } from '../../support/random.ts';

export const ascii = (text: string): Buffer => Buffer.from(text, 'latin1');

const NAMES = [
  'X-A',
  'Cookie',
  'Accept',
  'Expect',
  'TE',
  'Trailer',
  'Connection',
  'Upgrade',
  'Via',
  'x_a',
  'A!',
];
const VALUES = [
  '1',
  'a, b',
  '',
  ' ',
  'close',
  'keep-alive, X-A',
  '100-continue',
  'trailers',
  'websocket',
  'é',
];
const LENGTHS = ['0', '3', '+3', '3,3', '3, 4', '0x3', ' 3', '03', '-1', '9007199254740993', ''];
const CODINGS = [
  'chunked',
  'Chunked',
  'gzip, chunked',
  'chunked, chunked',
  'identity',
  'xchunked',
  ' chunked',
];
const SIZES = ['0', '3', '03', '0x3', '+3', '-3', 'fffffffffffffffff', '3 ', ' 3', '', 'a;b=c', '3;x="\r\n"'];
const LINE_ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\r\n', ''];

export const HTTP1_DICTIONARY: readonly Buffer[] = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  ': ',
  ' HTTP/1.1\r\n',
  ' HTTP/1.0\r\n',
  'Content-Length: 3\r\n',
  'Content-Length: 4\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer-Encoding:\tchunked\r\n',
  'Connection: close\r\n',
  'Connection: upgrade\r\nUpgrade: websocket\r\n',
  'Expect: 100-continue\r\n',
  'Host: b.example\r\n',
  ' folded\r\n',
  '0\r\n\r\n',
  '3\r\nabc\r\n',
  'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
  '/%2e%2e/%00;/\\',
  'http://a.example',
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\n\r\n',
].map(ascii);

const lineEnd = (random: Random): string => (random.chance(0.97) ? '\r\n' : random.pick(LINE_ENDS));

function fields(random: Random): string {
  const lines = Array.from({ length: random.below(5) }, () => {
    const colon = random.chance(0.95) ? ': ' : random.pick([':', ' : ', ':\t', '']);
    return `${random.pick(NAMES)}${colon}${random.pick(VALUES)}${lineEnd(random)}`;
  });
  return lines.join('');
}

const chunkSize = (random: Random): string => (random.chance(0.9) ? '3' : random.pick(SIZES));

/** A chunked body, trailers and all. */
export function chunkedBody(random: Random): string {
  const chunks = Array.from(
    { length: random.below(4) },
    () => `${chunkSize(random)}${lineEnd(random)}abc${lineEnd(random)}`,
  );
  const trailers = random.chance(0.3) ? fields(random) : '';
  return `${chunks.join('')}0${random.chance(0.1) ? ';a=b' : ''}${lineEnd(random)}${trailers}${lineEnd(random)}`;
}

/** The last fields of a head, its empty line, and the body that they announce. */
function framingAndBody(random: Random): string {
  const draw = random.next();
  if (draw < 0.35) return lineEnd(random);
  if (draw < 0.6) {
    const length = random.chance(0.7) ? '3' : random.pick(LENGTHS);
    return `Content-Length: ${length}${lineEnd(random)}${lineEnd(random)}abc`;
  }
  const coding = random.chance(0.8) ? 'chunked' : random.pick(CODINGS);
  const both = random.chance(0.05) ? 'Content-Length: 3\r\n' : '';
  return `Transfer-Encoding: ${coding}${lineEnd(random)}${both}${lineEnd(random)}${chunkedBody(random)}`;
}

const METHODS = ['GET', 'POST', 'HEAD', 'OPTIONS', 'CONNECT', 'BREW', 'get', 'G@T', ''];
const TARGETS = ['/', '/a?b', '*', '/%2f..//', 'http://a.example/x', 'a:1', '/\\', '/é', '/a b', '/%zz', ''];

export function requestText(random: Random): string {
  const start = random.chance(0.05) ? '\r\n' : '';
  const version = random.chance(0.9)
    ? 'HTTP/1.1'
    : random.pick(['HTTP/1.0', 'HTTP/2.0', 'http/1.1', 'HTTP/1.10']);
  const host = random.chance(0.9)
    ? 'Host: a.example\r\n'
    : random.pick(['', 'Host:\r\n', 'Host: a b\r\n', 'Host: a:b\r\n', 'Host: A.example:80\r\nHost: b\r\n']);
  const line = `${random.pick(METHODS)} ${random.pick(TARGETS)} ${version}${lineEnd(random)}`;
  return start + line + host + fields(random) + framingAndBody(random);
}

const STATUSES = [
  '200 OK',
  '200',
  '204 No Content',
  '304 Not Modified',
  '101 Switching',
  '103 Early',
  '999 X',
  '20 X',
];

export function responseText(random: Random): string {
  const version = random.chance(0.92) ? 'HTTP/1.1' : random.pick(['HTTP/1.0', 'HTTP/2', 'ICY', 'HTTP/1.2']);
  const early = random.chance(0.1) ? 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n' : '';
  const head = `${version} ${random.pick(STATUSES)}${lineEnd(random)}${fields(random)}`;
  return early + head + framingAndBody(random);
}
