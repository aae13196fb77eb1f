/**
 * Header fields that say where a message ends and what its connection is for (RFC 9110 section 7.6.1, RFC 9112 section 6). They are
 * the engines' own: a filter that set or removed one could make a backend read one request as two.
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
