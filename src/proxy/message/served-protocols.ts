/** Names by which ALPN knows the HTTP versions that clients are served in, best first. */
export const HTTP_PROTOCOLS: readonly string[] = ['h2', 'http/1.1'];
