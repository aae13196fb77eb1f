/** A request as words of a command line: `GET https://shop.example/cart` and `-H 'x-user: a'`; or a connection: `tcp://localhost:6379`. */
import type { ClientProtocol } from '../../proxy/router/explain-l4.ts';
import type { ExplainRequest } from '../../proxy/router/explain.ts';

export type ParsedRequest =
  { readonly ok: true; readonly request: ExplainRequest } | { readonly ok: false; readonly message: string };

interface Scheme {
  readonly protocol: ClientProtocol;
  readonly isTls: boolean;
  readonly port: number | null;
}

const SCHEMES: Readonly<Record<string, Scheme | undefined>> = {
  'http:': { protocol: 'http', isTls: false, port: 80 },
  'https:': { protocol: 'http', isTls: true, port: 443 },
  'tls:': { protocol: 'tls', isTls: true, port: 443 },
  'tcp:': { protocol: 'tcp', isTls: false, port: null },
  'udp:': { protocol: 'udp', isTls: false, port: null },
};

const METHOD = /^[A-Z!#$%&'*+.^_`|~-]+$/;

/** `text` is a method and a URL, or a URL alone, which means GET. */
export function parseRequest(text: string, headerLines: readonly string[]): ParsedRequest {
  const words = text.trim().split(/\s+/);
  const [method = '', target = ''] = words.length === 1 ? ['GET', words[0]] : words;
  if (words.length > 2 || !METHOD.test(method)) return fail(text, 'write a method and a URL');
  let url: URL;
  try {
    url = new URL(target);
  } catch {
    return fail(text, 'the URL needs a scheme and a host, such as https://shop.example/cart');
  }
  const scheme = SCHEMES[url.protocol];
  if (scheme === undefined) return fail(text, 'the scheme must be http, https, tls, tcp or udp');
  const port = url.port === '' ? scheme.port : Number(url.port);
  if (port === null) return fail(text, `${url.protocol}// needs a port`);
  const headers = parseHeaders(headerLines);
  if (typeof headers === 'string') return { ok: false, message: headers };
  const host = (headers.get('host') ?? url.hostname).toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
  return {
    ok: true,
    request: {
      method,
      host,
      // The URL parser removes dot segments, as browsers and curl do.
      path: url.pathname === '' ? '/' : url.pathname,
      query: url.search.slice(1),
      port,
      protocol: scheme.protocol,
      serverName: scheme.isTls ? url.hostname.toLowerCase() : null,
      header: (name) => headers.get(name) ?? (name === 'host' ? url.host : undefined),
      fieldNames: [...headers.keys()],
    },
  };
}

/** Values by lower-case name, repeated ones joined; or the problem of a line. */
function parseHeaders(lines: readonly string[]): ReadonlyMap<string, string> | string {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon < 1) return `header "${line}": write "name: value"`;
    const name = line.slice(0, colon).trim().toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

const fail = (text: string, hint: string): ParsedRequest => ({
  ok: false,
  message: `request "${text}": ${hint} (for example 'GET https://shop.example/cart')`,
});
