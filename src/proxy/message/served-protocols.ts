/** ALPN names of the supported HTTP versions, best first. */
export const HTTP_PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];
