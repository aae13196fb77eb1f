/**
 * The filters of a rule and of its backends, compiled; and the one place that says in which order they act.
 *
 * | # | filter            | acts on                | of             |
 * |---|-------------------|------------------------|----------------|
 * | 1 | CORS preflight    | answers                | rule, then backend |
 * | 2 | external auth     | answers or adds fields | rule, then backend |
 * | 3 | redirect          | answers                | rule, backend  |
 * | 4 | request headers   | request                | rule, then backend |
 * | 5 | URL rewrite       | request target, Host   | backend's, else the rule's |
 * | 6 | mirror            | copies the request as it leaves | rule and backend |
 * | 7 | response headers  | every response         | backend, then rule |
 * | 8 | CORS fields       | every response         | rule's, else the backend's |
 *
 * 7 and 8 act on redirects, refusals of auth servers and errors of the gateway as on responses of a backend (http/response-stage.ts).
 * Filters of a backend act once that backend is chosen, after 1 to 3 of the rule. A preflight comes before authentication, since browsers send it without credentials (Fetch standard, CORS protocol). A redirect
 * comes after it, so that a protected path does not tell where it leads.
 */
import type {
  CorsFilter,
  ExternalAuthFilter,
  Filter,
  HeaderEdit,
  MirrorFilter,
  RedirectFilter,
} from '../../ir/filter.ts';
import { compileHeadEdits, NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import { CORS_FIELDS } from '../../lib/cors-fields.ts';
import { CompiledCors } from './cors.ts';
import { CompiledRewrite } from './url-rewrite.ts';

/** Filters that act once, whatever backend is chosen. */
export interface RuleFilters {
  readonly cors: CompiledCors | null;
  readonly auth: ExternalAuthFilter | null;
  readonly redirect: RedirectFilter | null;
  /** Of responses that are made before a backend is chosen. */
  readonly responseEdits: HeadEdits;
}

/** What a request to one backend of a rule goes through. */
export interface BackendFilters {
  /** The rule's, else the backend's own: what a preflight is told must hold for the request after it. */
  readonly cors: CompiledCors | null;
  /** The backend's own; the rule's has been asked before. */
  readonly auth: ExternalAuthFilter | null;
  readonly redirect: RedirectFilter | null;
  readonly requestEdits: HeadEdits;
  readonly rewrite: CompiledRewrite | null;
  readonly mirrors: readonly MirrorFilter[];
  readonly responseEdits: HeadEdits;
}

/** Shared by the thousands of rules without filters: what all requests look at stays in the processor's cache. */
const NO_RULE_FILTERS: RuleFilters = { cors: null, auth: null, redirect: null, responseEdits: NO_EDITS };
const NO_BACKEND_FILTERS: BackendFilters = {
  cors: null,
  auth: null,
  redirect: null,
  requestEdits: NO_EDITS,
  rewrite: null,
  mirrors: [],
  responseEdits: NO_EDITS,
};

export function compileRuleFilters(filters: readonly Filter[]): RuleFilters {
  if (filters.length === 0) return NO_RULE_FILTERS;
  const cors = first(filters, isCors);
  return {
    cors: cors === null ? null : new CompiledCors(cors),
    auth: first(filters, isAuth),
    redirect: first(filters, isRedirect),
    responseEdits: compileResponseEdits(filters, cors),
  };
}

export function compileBackendFilters(
  ruleFilters: readonly Filter[],
  backendFilters: readonly Filter[],
): BackendFilters {
  if (ruleFilters.length === 0 && backendFilters.length === 0) return NO_BACKEND_FILTERS;
  const rewrite = first(backendFilters, isRewrite) ?? first(ruleFilters, isRewrite);
  const cors = first(ruleFilters, isCors) ?? first(backendFilters, isCors);
  return {
    cors: cors === null ? null : new CompiledCors(cors),
    auth: first(backendFilters, isAuth),
    redirect: first(backendFilters, isRedirect),
    requestEdits: compileHeadEdits([...requestEdits(ruleFilters), ...requestEdits(backendFilters)]),
    rewrite: rewrite === null ? null : new CompiledRewrite(rewrite),
    mirrors: [...ruleFilters, ...backendFilters].filter((filter) => filter.kind === 'mirror'),
    responseEdits: compileResponseEdits([...backendFilters, ...ruleFilters], cors),
  };
}

/** Where there is a CORS filter, it alone sets its fields: what the response or a modifier says of them is dropped. */
function compileResponseEdits(filters: readonly Filter[], cors: CorsFilter | null): HeadEdits {
  const dropped = cors === null ? [] : [{ set: [], add: [], remove: [...CORS_FIELDS] }];
  return compileHeadEdits([...responseEdits(filters), ...dropped]);
}

function first<Kind extends Filter>(
  filters: readonly Filter[],
  is: (filter: Filter) => filter is Kind,
): Kind | null {
  return filters.find(is) ?? null;
}

const isCors = (filter: Filter): filter is CorsFilter => filter.kind === 'cors';
const isAuth = (filter: Filter): filter is ExternalAuthFilter => filter.kind === 'external-auth';
const isRedirect = (filter: Filter): filter is RedirectFilter => filter.kind === 'redirect';
const isRewrite = (filter: Filter) => filter.kind === 'url-rewrite';

const requestEdits = (filters: readonly Filter[]): HeaderEdit[] =>
  filters.flatMap((filter) => (filter.kind === 'request-headers' ? [filter.edit] : []));
const responseEdits = (filters: readonly Filter[]): HeaderEdit[] =>
  filters.flatMap((filter) => (filter.kind === 'response-headers' ? [filter.edit] : []));
