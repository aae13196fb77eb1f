/** Responds to all requests under `/api/v1/` except the event stream. docs/reference/api.md. */
import { suggest } from '../../lib/suggest.ts';
import { settingsOf } from '../explain/settings.ts';
import { json, type AdminAnswer, type AdminRequest } from '../server.ts';
import type { PublishedRule } from '../view/data-plane.ts';
import { referenceTo } from '../view/objects.ts';
import type { GatewayView } from '../view/view.ts';
import { COLLECTIONS, isCollection, pageOf, type CollectionName } from './collections.ts';
import type {
  ApiResponse,
  ErrorResponse,
  IndexResponse,
  ItemResponse,
  ListResponse,
  RouteItem,
  RuleItem,
  SettingItem,
  SummaryItem,
} from './resources.ts';

export const API_PREFIX = '/api/v1/';

const DEFAULT_LIMIT = 500;
const MAX_LIMIT = 1_000;

/** An invalid request. */
class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly status: number;
  readonly hint: string | null;

  constructor(status: number, message: string, hint: string | null) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

export async function answerApi(view: GatewayView, { url, headers }: AdminRequest): Promise<AdminAnswer> {
  try {
    const { collection, id } = parsePath(url.pathname);
    await view.refresh();
    // Before the validator is compared: only what would be answered 200 can be 304 (RFC 9110 section 13.2.1).
    const answer = answerOf(view, collection, id, url.searchParams);
    const etag = `"${view.instance}-${String(view.revision)}"`;
    const about = { etag, 'cache-control': 'no-cache' };
    if (matchesTag(headers['if-none-match'], etag)) return { ...json(null, 304), body: '', headers: about };
    return { ...json(answer), headers: about };
  } catch (error) {
    if (!(error instanceof BadRequest)) throw error;
    return apiError(error.status, error.message, error.hint);
  }
}

export const answerOtherVersion = ({ url }: AdminRequest): AdminAnswer =>
  apiError(404, `there is no ${url.pathname}`, `the API begins at ${API_PREFIX}`);

export function apiError(status: number, error: string, hint: string | null): AdminAnswer {
  const answer: ErrorResponse = { error, hint };
  return json(answer, status);
}

interface ParsedPath {
  /** Empty: the index. */
  readonly collection: CollectionName | 'summary' | '';
  /** null: the list. */
  readonly id: string | null;
}

function parsePath(pathname: string): ParsedPath {
  const [name = '', ...rest] = pathname.slice(API_PREFIX.length).split('/').map(decoded);
  const id = rest.join('/');
  if (name === '' || (name === 'summary' && id === '')) return { collection: name, id: null };
  if (isCollection(name)) return { collection: name, id: id === '' ? null : id };
  const names = ['summary', 'events', ...Object.keys(COLLECTIONS)];
  const near = suggest(name, names);
  const hint = near === null ? `there are ${names.join(', ')}` : `did you mean ${API_PREFIX}${near}?`;
  throw new BadRequest(404, `there is no ${pathname}`, hint);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new BadRequest(400, 'the path has an escape that is not UTF-8', null);
  }
}

/** RFC 9110 section 13.1.2, weakly: `*` matches too. */
const matchesTag = (field: string | undefined, etag: string): boolean =>
  field !== undefined && field.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));

function answerOf(
  view: GatewayView,
  collection: ParsedPath['collection'],
  id: string | null,
  query: URLSearchParams,
): ApiResponse {
  const about: ApiResponse = { instance: view.instance, revision: view.revision };
  if (id !== null || collection === '' || collection === 'summary') checkQuery(query, []);
  if (collection === '') {
    const names = ['summary', 'events', ...Object.keys(COLLECTIONS)];
    const index: IndexResponse = { ...about, items: names.map((name) => `${API_PREFIX}${name}`) };
    return index;
  }
  if (collection === 'summary') {
    const answer: ItemResponse<SummaryItem> = { ...about, item: view.summary };
    return answer;
  }
  return id === null ? listAnswer(about, view, collection, query) : itemAnswer(about, view, collection, id);
}

function listAnswer(
  about: ApiResponse,
  view: GatewayView,
  collection: CollectionName,
  query: URLSearchParams,
): ListResponse<unknown> {
  const names = Object.keys(COLLECTIONS[collection].filters);
  checkQuery(query, [...names, 'limit', 'continue']);
  const filters = new Map(
    names.flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [[name, value] as const];
    }),
  );
  const after = query.get('continue');
  const page = { filters, after: after === null ? null : fromToken(after), limit: limitOf(query) };
  const { items, total, last } = pageOf(collection, view, page);
  return { ...about, items, total, continue: last === null ? null : toToken(last) };
}

function checkQuery(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const hint = known.length === 0 ? 'it takes no parameters' : `it takes ${known.join(', ')}`;
  throw new BadRequest(400, `the parameter "${unknown}" is not known here`, hint);
}

function limitOf(query: URLSearchParams): number {
  const text = query.get('limit');
  if (text === null) return DEFAULT_LIMIT;
  const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (limit < 1 || limit > MAX_LIMIT) {
    throw new BadRequest(400, `limit "${text}" is not a number`, `write 1 to ${String(MAX_LIMIT)}`);
  }
  return limit;
}

/** Opaque to clients, so that its content may change. */
const toToken = (id: string): string => Buffer.from(id).toString('base64url');

function fromToken(token: string): string {
  const id = Buffer.from(token, 'base64url').toString();
  if (toToken(id) !== token) {
    throw new BadRequest(
      400,
      '"continue" is not a token that a list returned',
      'ask for the first page again',
    );
  }
  return id;
}

function itemAnswer(
  about: ApiResponse,
  view: GatewayView,
  collection: CollectionName,
  id: string,
): ItemResponse<unknown> {
  const items: readonly { readonly id: string }[] = COLLECTIONS[collection].items(view);
  const item = items.find((one) => one.id === id);
  if (item === undefined) {
    const near = suggest(
      id,
      items.map((one) => one.id),
    );
    const hint = near === null ? `${API_PREFIX}${collection} lists what there is` : `did you mean ${near}?`;
    throw new BadRequest(404, `there is no ${id} among the ${collection}`, hint);
  }
  return { ...about, item: collection === 'routes' ? withSettings(item as RouteItem, view) : item };
}

/** With the settings of each backend, which lists omit: there are about sixty. */
function withSettings(route: RouteItem, view: GatewayView): RouteItem {
  const published = view.lists.published.get(route.id);
  if (published === undefined) return route;
  return {
    ...route,
    rules: route.rules.map((rule) => {
      const served = published.rules.get(rule.index);
      return served === undefined ? rule : ruleWithSettings(rule, served, view);
    }),
  };
}

function ruleWithSettings(
  rule: RuleItem,
  { rule: { id }, config }: PublishedRule,
  view: GatewayView,
): RuleItem {
  const settings = settingsOf(config, view.policiesOf(config.dataPlane));
  return {
    ...rule,
    backends: rule.backends.map((backend, index) => ({
      ...backend,
      settings: settings(id, index).map(({ field, value, from }): SettingItem => ({
        field,
        value,
        from: from === null ? null : referenceTo(from),
      })),
    })),
  };
}
