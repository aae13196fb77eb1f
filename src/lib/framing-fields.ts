/**
 * Header fields that frame a message or belong to its connection (RFC 9110 section 7.6.1, RFC 9112 section 6). They are
 * reserved for the HTTP engines: a filter that set or removed one could make a backend read one request as two.
 */
export const FRAMING_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
