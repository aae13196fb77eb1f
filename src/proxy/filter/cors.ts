/** HTTPCORSFilter (GEP-1767): answers preflights, and tells browsers which origins may read the responses of a rule. */
import type { CorsFilter, HeaderEdit, HeaderField } from '../../ir/filter.ts';
import { CORS_FIELDS } from '../../lib/cors-fields.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterRun } from '../exchange/filter-run.ts';
import type { ExchangeKey, FilterOutcome, HttpFilter } from '../exchange/http-filter.ts';
import { responseEdits } from '../exchange/response-head.ts';
import { dropsField } from '../message/head-edits.ts';
import { joinedValue } from '../message/head.ts';
import { replyFor } from '../message/local-reply.ts';
import { isPreflight } from '../router/preflight.ts';
import type { RequestView } from '../router/request-view.ts';
import type { FilterDefinition } from './definition.ts';

/** First of the filter's fields, so that caches keep responses for different origins apart. */
const VARY_ORIGIN: HeaderField = { name: 'vary', value: 'Origin' };

/** Where a CORS filter acts, it alone sets its fields: those of the response or of a modifier are dropped. */
const OTHERS_DROPPED: HeaderEdit = { set: [], add: [], remove: [...CORS_FIELDS] };

/** What the filter of the rule, or of the chosen backend, adds to the response, whatever makes it. */
const FIELDS: ExchangeKey<readonly HeaderField[] | null> = { absent: null };

const KIND = 'cors';

const ADD_FIELDS: HttpFilter = {
  kind: KIND,
  apply(exchange, run) {
    const fields = run.kept(FIELDS);
    if (fields === null) return 'continue';
    const others = (run.addedFields ?? []).filter(({ name }) => !isOfCors(name));
    run.addedFields = [...others, ...(variesByOrigin(exchange, run, others) ? fields.slice(1) : fields)];
    return 'continue';
  },
};

export const CORS: FilterDefinition<CorsFilter> = {
  kind: KIND,
  stages: { request: 'cors', response: 'cors-fields' },
  // What a preflight is told must hold for the request after it, and preflights are answered before a backend is chosen.
  precedence: 'rule',
  compile(config) {
    const request = new ChooseFields(new CompiledCors(config));
    return { request, response: ADD_FIELDS, responseEdit: OTHERS_DROPPED };
  },
  compilePreflight(config) {
    return { request: new AnswerPreflight(new CompiledCors(config)), response: ADD_FIELDS };
  },
  describe: ({ allowOrigins }) => `CORS: origins ${allowOrigins.join(', ')}`,
};

class AnswerPreflight implements HttpFilter {
  readonly kind = KIND;
  readonly #cors: CompiledCors;

  constructor(cors: CompiledCors) {
    this.#cors = cors;
  }

  apply({ head }: Exchange, run: FilterRun): FilterOutcome {
    if (!isPreflight(head)) return 'continue';
    run.keep(FIELDS, this.#cors.preflightFields(head));
    return {
      kind: 'answer',
      reason: 'cors_preflight',
      reply: { ...replyFor('cors_preflight'), body: '' },
    };
  }
}

class ChooseFields implements HttpFilter {
  readonly kind = KIND;
  readonly #cors: CompiledCors;

  constructor(cors: CompiledCors) {
    this.#cors = cors;
  }

  apply({ head }: Exchange, run: FilterRun): FilterOutcome {
    run.keep(FIELDS, this.#cors.responseFields(head));
    return 'continue';
  }
}

const isOfCors = (name: string): boolean => CORS_FIELDS.has(name.toLowerCase());

const isVary = ({ name }: HeaderField): boolean => name.toLowerCase() === VARY_ORIGIN.name;

/** Whether the response says so without the CORS filter: a second `Vary: Origin` would be noise. */
function variesByOrigin(exchange: Exchange, run: FilterRun, others: readonly HeaderField[]): boolean {
  const edits = responseEdits(exchange);
  const values = [...edits.append, ...others].filter(isVary).map(({ value }) => value);
  const head = run.responseHead;
  if (head !== null && !dropsField(edits, VARY_ORIGIN.name)) {
    values.push(joinedValue(head, VARY_ORIGIN.name) ?? '');
  }
  const members = values.join(',').toLowerCase().split(',');
  return members.some((member) => member.trim() === 'origin' || member.trim() === '*');
}

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

/** `*` in the host matches any characters, dots included (CORSOrigin: greedy to the left); the rest is literal. */
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
    // What the star matches is part of a host: never a path, a port or user information.
    /^[a-z0-9.-]+$/.test(origin.slice(before.length, origin.length - after.length));
}
