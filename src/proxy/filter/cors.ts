/** HTTPCORSFilter (GEP-1767): answers preflights, and tells browsers which origins may read the responses of a rule. */
import type { CorsFilter, HeaderField } from '../../ir/filter.ts';
import type { RequestView } from '../router/request-view.ts';

/** First of the filter's fields, so that caches keep responses for different origins apart. */
export const VARY_ORIGIN: HeaderField = { name: 'vary', value: 'Origin' };

type OriginTest = (origin: string) => boolean;

export class CompiledCors {
  readonly #filter: CorsFilter;
  readonly #allowsAny: boolean;
  readonly #tests: readonly OriginTest[];
  /** The same for every allowed origin. */
  readonly #exposed: readonly HeaderField[];

  constructor(filter: CorsFilter) {
    this.#filter = filter;
    this.#allowsAny = filter.allowOrigins.includes('*');
    this.#tests = filter.allowOrigins.map(originTest);
    // With credentials `*` is a name like any other to browsers, so it must not be sent.
    const names = filter.exposeHeaders.filter((name) => name !== '*' || !filter.allowCredentials);
    this.#exposed =
      names.length === 0 ? [] : [{ name: 'access-control-expose-headers', value: names.join(', ') }];
  }

  /** Fields of the response to a preflight; only `vary` when the origin is not allowed, which ends it in the browser. */
  preflightFields(view: RequestView): HeaderField[] {
    const fields = this.#originFields(view.header('origin'));
    if (fields.length <= 1) return fields;
    const { allowMethods, allowHeaders, maxAgeSeconds } = this.#filter;
    const add = (name: string, value: string | undefined): void => {
      if (value !== undefined && value !== '') fields.push({ name, value });
    };
    add(
      'access-control-allow-methods',
      this.#list(allowMethods, view.header('access-control-request-method')),
    );
    add(
      'access-control-allow-headers',
      this.#list(allowHeaders, view.header('access-control-request-headers')),
    );
    add('access-control-max-age', String(maxAgeSeconds));
    return [...fields, ...this.#exposed];
  }

  /** Fields of any other response of the rule; `CORS_FIELDS` that it has already are to be dropped. */
  responseFields(view: RequestView): HeaderField[] {
    const fields = this.#originFields(view.header('origin'));
    return fields.length <= 1 ? fields : [...fields, ...this.#exposed];
  }

  /** A wildcard is answered with what was asked for, which is right with and without credentials. */
  #list(allowed: readonly string[], asked: string | undefined): string | undefined {
    return allowed.includes('*') ? asked : allowed.join(', ');
  }

  /** More than `VARY_ORIGIN` only when the origin is allowed. */
  #originFields(origin: string | undefined): HeaderField[] {
    const fields: HeaderField[] = [VARY_ORIGIN];
    if (origin === undefined || !this.#allows(origin)) return fields;
    fields.push({ name: 'access-control-allow-origin', value: origin });
    if (this.#filter.allowCredentials)
      fields.push({ name: 'access-control-allow-credentials', value: 'true' });
    return fields;
  }

  #allows(origin: string): boolean {
    if (this.#allowsAny) return true;
    const normal = withDefaultPort(origin.toLowerCase());
    return this.#tests.some((test) => test(normal));
  }
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/** `https://a` and `https://a:443` are the same origin. */
function withDefaultPort(origin: string): string {
  const scheme = origin.slice(0, origin.indexOf('//'));
  const port = DEFAULT_PORTS[scheme];
  return port === undefined || /:\d+$/.test(origin) ? origin : `${origin}:${port}`;
}

/** `*` in the host stands for any characters, dots included (CORSOrigin: greedy to the left); the rest is literal. */
function originTest(pattern: string): OriginTest {
  const normal = withDefaultPort(pattern.toLowerCase());
  const star = normal.indexOf('*');
  if (star === -1) return (origin) => origin === normal;
  const before = normal.slice(0, star);
  const after = normal.slice(star + 1);
  return (origin) =>
    origin.length > before.length + after.length &&
    origin.startsWith(before) &&
    origin.endsWith(after) &&
    // Whatever stands for the star is part of a host: never a path, a port or user information.
    /^[a-z0-9.-]+$/.test(origin.slice(before.length, origin.length - after.length));
}
