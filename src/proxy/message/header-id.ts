/**
 * The header fields that the gateway itself looks at: small numbers for their names, and the groups that decide what happens to them
 * (routing, framing, forwarding). Parsers resolve a field's number once; matching, edits, auth and the writers of both protocols then
 * ask these tables and never compare strings.
 */

/** Ids of connection-level fields come first (RFC 9110 section 7.6.1): they never cross the gateway. */
export const HeaderId = {
  /** Any field that the gateway does not use. */
  other: 0,
  connection: 1,
  keepAlive: 2,
  proxyConnection: 3,
  transferEncoding: 4,
  te: 5,
  upgrade: 6,
  http2Settings: 7,
  /** Any field that counts as not sent: Connection lists it, or the Gateway hides it (field-policy.ts). */
  hidden: 8,

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
  /** `Proxy`: a CGI backend would use it as its HTTP_PROXY setting (CVE-2016-5385). */
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

  // What other proxies and CDNs write of a client, under names that do not begin with `x-forwarded-`.
  xForwarded: 42,
  xOriginalForwardedFor: 43,
  trueClientIp: 44,
  xClientIp: 45,
  xEnvoyExternalAddress: 46,
  xOriginalUrl: 47,
  xRewriteUrl: 48,
  sslClientCert: 49,
  forwardedFor: 50,
  clientIp: 51,
  xClusterClientIp: 52,
  cfConnectingIp: 53,
  fastlyClientIp: 54,

  // What a proxy that ends TLS says of the client's certificate (RFC 9440, ingress-nginx), and of the request it has rewritten.
  clientCert: 55,
  clientCertChain: 56,
  sslClientVerify: 57,
  sslClientSubjectDn: 58,
  sslClientIssuerDn: 59,
  xOriginalHost: 60,
  xOriginalUri: 61,
  xOriginalMethod: 62,
} as const;

/** Ids from 1 to this one are connection-level. */
const LAST_CONNECTION_LEVEL_ID = HeaderId.hidden;

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
  hidden: '',
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
  xForwarded: 'x-forwarded',
  xOriginalForwardedFor: 'x-original-forwarded-for',
  trueClientIp: 'true-client-ip',
  xClientIp: 'x-client-ip',
  xEnvoyExternalAddress: 'x-envoy-external-address',
  xOriginalUrl: 'x-original-url',
  xRewriteUrl: 'x-rewrite-url',
  sslClientCert: 'ssl-client-cert',
  forwardedFor: 'forwarded-for',
  clientIp: 'client-ip',
  xClusterClientIp: 'x-cluster-client-ip',
  cfConnectingIp: 'cf-connecting-ip',
  fastlyClientIp: 'fastly-client-ip',
  clientCert: 'client-cert',
  clientCertChain: 'client-cert-chain',
  sslClientVerify: 'ssl-client-verify',
  sslClientSubjectDn: 'ssl-client-subject-dn',
  sslClientIssuerDn: 'ssl-client-issuer-dn',
  xOriginalHost: 'x-original-host',
  xOriginalUri: 'x-original-uri',
  xOriginalMethod: 'x-original-method',
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

/** The separator of the values of a repeated field that are read as one (RFC 9110 section 5.3; RFC 9113 section 8.2.3). */
export const separatorOf = (id: number): string => (id === HeaderId.cookie ? '; ' : ', ');

/** True for fields that must not be forwarded, regardless of the route. */
export function isConnectionLevel(id: number): boolean {
  return id !== HeaderId.other && id <= LAST_CONNECTION_LEVEL_ID;
}

/** A table by id in which these ids are 1. */
export function idTable(ids: readonly number[]): Uint8Array {
  const table = new Uint8Array(HEADER_IDS);
  for (const id of ids) table[id] = 1;
  return table;
}

/** Ids of fields for one connection only. */
export const CONNECTION_LEVEL_IDS: readonly number[] = Array.from(
  { length: LAST_CONNECTION_LEVEL_ID },
  (_, index) => index + 1,
);

/**
 * Fields that are never forwarded from the client: the gateway writes its own forwarding fields, `Proxy` is an attack, and
 * `X-Sluice-Reason` would be a lie. (X-Request-Id crosses where a trusted proxy sent it.)
 */
export const REPLACED_IDS: readonly number[] = [
  HeaderId.xForwardedFor,
  HeaderId.xForwardedProto,
  HeaderId.xForwardedHost,
  HeaderId.xForwardedPort,
  HeaderId.forwarded,
  HeaderId.xRealIp,
  HeaderId.proxy,
  HeaderId.xSluiceReason,
];

/** Why a field of a request may have to be hidden; a sum of these. */
export const Suspect = {
  none: 0,
  /** It has information about the client or the original request, which only a trusted proxy may send. */
  forwarding: 1,
  /** CGI, WSGI, PHP and Rack read `x_user` and `x-user` as one variable. */
  underscore: 2,
} as const;

/** Suspects by id; names without id are looked at by `suspectOf`. */
export const SUSPECT_BY_ID: Uint8Array = idTable([
  HeaderId.xForwardedFor,
  HeaderId.xForwardedProto,
  HeaderId.xForwardedHost,
  HeaderId.xForwardedPort,
  HeaderId.forwarded,
  HeaderId.xRealIp,
  HeaderId.xRequestId,
  HeaderId.xForwarded,
  HeaderId.xOriginalForwardedFor,
  HeaderId.trueClientIp,
  HeaderId.xClientIp,
  HeaderId.xEnvoyExternalAddress,
  HeaderId.xOriginalUrl,
  HeaderId.xRewriteUrl,
  HeaderId.sslClientCert,
  HeaderId.forwardedFor,
  HeaderId.clientIp,
  HeaderId.xClusterClientIp,
  HeaderId.cfConnectingIp,
  HeaderId.fastlyClientIp,
  HeaderId.clientCert,
  HeaderId.clientCertChain,
  HeaderId.sslClientVerify,
  HeaderId.sslClientSubjectDn,
  HeaderId.sslClientIssuerDn,
  HeaderId.xOriginalHost,
  HeaderId.xOriginalUri,
  HeaderId.xOriginalMethod,
]);

/** Every name that begins so is a forwarding field. */
export const FORWARDED_PREFIX = 'x-forwarded-';

/** What is suspect about a field of this id and name (in lower case). */
export function suspectOf(id: number, name: string): number {
  if (id !== HeaderId.other) return SUSPECT_BY_ID[id] as number;
  return (
    (name.startsWith(FORWARDED_PREFIX) ? Suspect.forwarding : Suspect.none) |
    (name.includes('_') ? Suspect.underscore : Suspect.none)
  );
}
