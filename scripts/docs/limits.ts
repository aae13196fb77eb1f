/** docs/reference/limits.md: fixed limits of the data plane, with the values of the constants that act. */
import { readConstant } from './constant.ts';
import { asCode, markdownTable, type Section } from './section.ts';

interface Limit {
  readonly what: string;
  /** What happens beyond it. */
  readonly then: string;
  readonly unit: 'bytes' | 'ms' | 'count';
  /** The constant, and its file below src/proxy. */
  readonly name: string;
  readonly file: string;
}

const MEMORY: readonly Limit[] = [
  {
    what: 'responses that a process compresses at a time, about 1 MiB each',
    then: 'further ones are sent as they are',
    unit: 'count',
    name: 'MAX_COMPRESSORS',
    file: 'filter/compression/compressors.ts',
  },
  {
    what: 'compressed HTTP/2 header block',
    then: 'the connection is closed',
    unit: 'bytes',
    name: 'MAX_BLOCK_BYTES',
    file: 'h2/header-block.ts',
  },
  {
    what: 'frames of an HTTP/2 header block',
    then: 'the connection is closed',
    unit: 'count',
    name: 'MAX_FRAMES',
    file: 'h2/header-block.ts',
  },
  {
    what: 'unread payload of an HTTP/2 stream',
    then: 'the client must wait',
    unit: 'bytes',
    name: 'STREAM_WINDOW_BYTES',
    file: 'h2/server-connection.ts',
  },
  {
    what: 'unread payload of an HTTP/2 connection',
    then: 'the client must wait',
    unit: 'bytes',
    name: 'CONNECTION_WINDOW_BYTES',
    file: 'h2/server-connection.ts',
  },
  {
    what: 'responses and control frames that an HTTP/2 peer does not read',
    then: 'the connection is closed',
    unit: 'bytes',
    name: 'MAX_QUEUED_BYTES',
    file: 'h2/connection.ts',
  },
  {
    what: 'HPACK dynamic table of an HTTP/2 peer',
    then: 'older fields are dropped',
    unit: 'bytes',
    name: 'DECODER_TABLE_BYTES',
    file: 'h2/connection.ts',
  },
  {
    what: 'pipelined HTTP/1.1 requests',
    then: 'the client must wait',
    unit: 'bytes',
    name: 'MAX_AHEAD_BYTES',
    file: 'h1/held-bytes.ts',
  },
  {
    what: 'request body while no backend connection exists',
    then: 'the client must wait',
    unit: 'bytes',
    name: 'MAX_WAITING_BYTES',
    file: 'exchange/request-body.ts',
  },
  {
    what: 'request body kept for a retry after GOAWAY or REFUSED_STREAM',
    then: 'the request is not sent again',
    unit: 'bytes',
    name: 'UNSEEN_REPLAY_BYTES',
    file: 'exchange/request-body.ts',
  },
  {
    what: 'request body that waits for a mirror',
    then: 'the mirrored request is dropped',
    unit: 'bytes',
    name: 'MAX_WAITING_BYTES',
    file: 'filter/mirror-request.ts',
  },
  {
    what: 'remainder of an unused request body that the proxy reads to keep a connection',
    then: 'the connection is closed',
    unit: 'bytes',
    name: 'MAX_UNWANTED_BYTES',
    file: 'h1/server-connection.ts',
  },
  {
    what: 'data that a client sends after the proxy closed its connection',
    then: 'the connection is reset',
    unit: 'bytes',
    name: 'MAX_BYTES',
    file: 'net/lingering-close.ts',
  },
  {
    what: 'trailers of a chunked body',
    then: 'the message is malformed',
    unit: 'bytes',
    name: 'MAX_TRAILER_BYTES',
    file: 'h1/chunked.ts',
  },
  {
    what: 'chunk extensions of one body, in total',
    then: 'the message is malformed',
    unit: 'bytes',
    name: 'MAX_EXTENSION_BYTES',
    file: 'h1/chunked.ts',
  },
  {
    what: "head of a backend's response",
    then: '502 `upstream_invalid`',
    unit: 'bytes',
    name: 'MAX_HEAD_BYTES',
    file: 'h1/client-connection.ts',
  },
  {
    what: 'interim responses (1xx) of a backend to one request',
    then: '502 `upstream_invalid`',
    unit: 'count',
    name: 'MAX_INFORMATIONAL',
    file: 'h1/client-connection.ts',
  },
  {
    what: 'large read buffers of a worker, 256 KiB each',
    then: 'reads go through the shared small buffer',
    unit: 'count',
    name: 'MAX_IN_USE',
    file: 'message/bulk-buffers.ts',
  },
  {
    what: 'requests that wait for an HTTP/2 stream, per endpoint',
    then: '503 `overflow`',
    unit: 'count',
    name: 'MAX_WAITING',
    file: 'upstream/pool-h2.ts',
  },
  {
    what: 'response of an auth server over gRPC',
    then: '403 `auth_unavailable`',
    unit: 'bytes',
    name: 'MAX_ANSWER_BYTES',
    file: 'filter/external-auth/grpc/check-call.ts',
  },
  {
    what: 'ClientHello',
    then: 'the connection is closed',
    unit: 'bytes',
    name: 'MAX_CLIENT_HELLO_BYTES',
    file: 'net/client-hello.ts',
  },
  {
    what: 'PROXY header',
    then: 'the connection is closed',
    unit: 'bytes',
    name: 'MAX_PROXY_HEADER_BYTES',
    file: 'net/proxy-protocol.ts',
  },
  {
    what: 'flows of a UDP listener',
    then: 'datagrams of further clients are dropped',
    unit: 'count',
    name: 'MAX_FLOWS',
    file: 'l4/udp-relay.ts',
  },
  {
    what: 'datagrams of a flow while its socket opens',
    then: 'further ones are dropped',
    unit: 'count',
    name: 'MAX_PENDING',
    file: 'l4/udp-flow.ts',
  },
];

const WAITING: readonly Limit[] = [
  {
    what: 'a filter that holds back a response of the gateway itself',
    then: 'the response is sent without this filter',
    unit: 'ms',
    name: 'REPLY_TIMEOUT_MS',
    file: 'exchange/deadlines.ts',
  },
  {
    what: "a backend's 100, if the client sends its body without waiting for it",
    then: 'the body is sent',
    unit: 'ms',
    name: 'CONTINUE_TIMEOUT_MS',
    file: 'exchange/deadlines.ts',
  },
  {
    what: 'an auth server over HTTP',
    then: '403 `auth_unavailable`',
    unit: 'ms',
    name: 'ANSWER_TIMEOUT_MS',
    file: 'filter/external-auth/external-auth-check.ts',
  },
  {
    what: 'an auth server over gRPC',
    then: '403 `auth_unavailable`',
    unit: 'ms',
    name: 'ANSWER_TIMEOUT_MS',
    file: 'filter/external-auth/grpc/check-call.ts',
  },
  {
    what: "a mirror's response",
    then: 'its connection is closed',
    unit: 'ms',
    name: 'ANSWER_TIMEOUT_MS',
    file: 'filter/mirror-request.ts',
  },
  {
    what: 'an acknowledgment of SETTINGS',
    then: 'the connection is closed',
    unit: 'ms',
    name: 'SETTINGS_TIMEOUT_MS',
    file: 'h2/connection.ts',
  },
  {
    what: 'a client to close a connection that the proxy has closed',
    then: 'the connection is closed',
    unit: 'ms',
    name: 'LINGER_MS',
    file: 'net/lingering-close.ts',
  },
  {
    what: 'a client to read more of its response on such a connection',
    then: 'the connection is closed',
    unit: 'ms',
    name: 'STALLED_MS',
    file: 'net/lingering-close.ts',
  },
  {
    what: 'connections of a removed port to end',
    then: 'they are closed',
    unit: 'ms',
    name: 'REMOVED_PORT_GRACE_MS',
    file: 'port/bound-ports.ts',
  },
  {
    what: 'requests in flight of TLS clients that a listener would now reject',
    then: 'their connections are closed',
    unit: 'ms',
    name: 'DISMISSED_GRACE_MS',
    file: 'port/tcp-service.ts',
  },
];

/** `64 KiB`, `30 s`, `1,000`. */
function withUnit(value: number, unit: Limit['unit']): string {
  if (unit === 'count') return value.toLocaleString('en-US');
  if (unit === 'ms') return `${String(value / 1_000)} s`;
  return value % 1_048_576 === 0 ? `${String(value / 1_048_576)} MiB` : `${String(value / 1_024)} KiB`;
}

const table = (headings: readonly string[], limits: readonly Limit[]): string =>
  markdownTable(
    headings,
    limits.map(({ what, then, unit, name, file }) => [
      what,
      withUnit(readConstant(`proxy/${file}`, name), unit),
      then,
      `${asCode(name)} in ${asCode(file)}`,
    ]),
  );

const page = 'docs/reference/limits.md';

export const LIMITS: readonly Section[] = [
  { page, name: 'memory-limits', render: () => table(['what', 'limit', 'beyond it', 'constant'], MEMORY) },
  { page, name: 'waiting-limits', render: () => table(['wait for', 'limit', 'then', 'constant'], WAITING) },
];
