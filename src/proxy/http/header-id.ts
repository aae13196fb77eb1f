/**
 * Small numbers for the header fields that the gateway itself looks at. Engines resolve a field's number once, when
 * they parse it, so that what happens to a field is a table lookup and never a comparison of strings.
 */

/** Ids of connection-level fields come first (RFC 9110 section 7.6.1): they never cross the gateway. */
export const HeaderId = {
  /** Any field the gateway has no interest in. */
  other: 0,
  connection: 1,
  keepAlive: 2,
  proxyConnection: 3,
  transferEncoding: 4,
  te: 5,
  upgrade: 6,
  http2Settings: 7,
  /** Any field that this message's Connection field lists. */
  nominated: 8,

  contentLength: 9,
  host: 10,
  expect: 11,
  trailer: 12,
  xForwardedFor: 13,
  xForwardedProto: 14,
  xForwardedHost: 15,
  xForwardedPort: 16,
  forwarded: 17,
  xRealIp: 18,
  xRequestId: 19,
  /** `Proxy`: a CGI backend would take it for its HTTP_PROXY setting (CVE-2016-5385). */
  proxy: 20,
  xSluiceReason: 21,
  cookie: 22,
  setCookie: 23,
  authorization: 24,
  proxyAuthorization: 25,
  origin: 26,
  contentType: 27,
  date: 28,
  server: 29,
  location: 30,
  retryAfter: 31,
  traceparent: 32,
  tracestate: 33,
  grpcTimeout: 34,
  grpcStatus: 35,
  secWebSocketKey: 36,
  secWebSocketVersion: 37,
  secWebSocketAccept: 38,
  accessControlRequestMethod: 39,
  userAgent: 40,
  grpcMessage: 41,
} as const;

/** Ids from 1 to this one are connection-level. */
export const LAST_CONNECTION_LEVEL_ID = HeaderId.nominated;

/** Size of a table indexed by id; a power of two, so that `id & (HEADER_IDS - 1)` is always inside. */
export const HEADER_IDS = 64;

const NAMES: Readonly<Record<keyof typeof HeaderId, string>> = {
  other: '',
  connection: 'connection',
  keepAlive: 'keep-alive',
  proxyConnection: 'proxy-connection',
  transferEncoding: 'transfer-encoding',
  te: 'te',
  upgrade: 'upgrade',
  http2Settings: 'http2-settings',
  nominated: '',
  contentLength: 'content-length',
  host: 'host',
  expect: 'expect',
  trailer: 'trailer',
  xForwardedFor: 'x-forwarded-for',
  xForwardedProto: 'x-forwarded-proto',
  xForwardedHost: 'x-forwarded-host',
  xForwardedPort: 'x-forwarded-port',
  forwarded: 'forwarded',
  xRealIp: 'x-real-ip',
  xRequestId: 'x-request-id',
  proxy: 'proxy',
  xSluiceReason: 'x-sluice-reason',
  cookie: 'cookie',
  setCookie: 'set-cookie',
  authorization: 'authorization',
  proxyAuthorization: 'proxy-authorization',
  origin: 'origin',
  contentType: 'content-type',
  date: 'date',
  server: 'server',
  location: 'location',
  retryAfter: 'retry-after',
  traceparent: 'traceparent',
  tracestate: 'tracestate',
  grpcTimeout: 'grpc-timeout',
  grpcStatus: 'grpc-status',
  secWebSocketKey: 'sec-websocket-key',
  secWebSocketVersion: 'sec-websocket-version',
  secWebSocketAccept: 'sec-websocket-accept',
  accessControlRequestMethod: 'access-control-request-method',
  userAgent: 'user-agent',
  grpcMessage: 'grpc-message',
};

const IDS: ReadonlyMap<string, number> = new Map(
  Object.entries(HeaderId)
    .map(([key, id]): [string, number] => [NAMES[key as keyof typeof HeaderId], id])
    .filter(([name]) => name !== ''),
);

/** Lower-case name of each id that has one, for engines that build their own lookup tables. */
export function wellKnownHeaders(): ReadonlyMap<string, number> {
  return IDS;
}

/** The id of a field name in lower case; `HeaderId.other` for a name without one. */
export function headerIdOf(lowerCaseName: string): number {
  return IDS.get(lowerCaseName) ?? HeaderId.other;
}

/** True for fields that must not be forwarded, whatever the route says. */
export function isConnectionLevel(id: number): boolean {
  return id !== HeaderId.other && id <= LAST_CONNECTION_LEVEL_ID;
}
