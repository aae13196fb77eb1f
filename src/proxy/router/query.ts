/** Query parameters of one request. */
import { decodeAll } from './path.ts';

/** Shorter queries are searched each time; longer ones are indexed when they are asked for a second name. */
const INDEX_FROM = 256;

export class QueryValues {
  #asked = 0;
  #index: ReadonlyMap<string, string> | null = null;

  reset(): void {
    this.#asked = 0;
    this.#index = null;
  }

  /** `queryValue` of the current request's query. */
  get(query: string, name: string): string | undefined {
    if (query.length < INDEX_FROM || this.#asked++ === 0) return queryValue(query, name);
    this.#index ??= indexOf(query);
    return this.#index.get(name);
  }
}

/**
 * The first value of `name` in a query, as it is written (no decoding but of `+` and escapes when there are any); undefined when
 * absent. HTTPQueryParamMatch: repeated parameters are matched on the first.
 */
export function queryValue(query: string, name: string): string | undefined {
  return walk(query, name, null);
}

function indexOf(query: string): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  walk(query, '', index);
  return index;
}

/** Records all parameters in `index`, or without one returns the first value of `name`. In time linear to the length of `query`. */
function walk(query: string, name: string, index: Map<string, string> | null): string | undefined {
  let from = 0;
  /** The first equals sign that is not before `from`; the query's length when there is none. */
  let equals = -1;
  while (from < query.length) {
    const end = positionOf(query, '&', from);
    if (equals < from) equals = positionOf(query, '=', from);
    const nameEnd = equals < end ? equals : end;
    if (index !== null) note(index, decodeQuery(query.slice(from, nameEnd)), valueOf(query, nameEnd, end));
    else if (isName(query, from, nameEnd, name)) return valueOf(query, nameEnd, end);
    from = end + 1;
  }
  return undefined;
}

function positionOf(query: string, char: string, from: number): number {
  const at = query.indexOf(char, from);
  return at === -1 ? query.length : at;
}

function note(index: Map<string, string>, name: string, value: string): void {
  if (!index.has(name)) index.set(name, value);
}

const valueOf = (query: string, nameEnd: number, end: number): string =>
  nameEnd === end ? '' : decodeQuery(query.slice(nameEnd + 1, end));

function isName(query: string, from: number, to: number, name: string): boolean {
  const length = to - from;
  if (length < name.length) return false;
  if (length === name.length) {
    if (query.startsWith(name, from)) return isPlain(name) || decodeQuery(query.slice(from, to)) === name;
    // A `+` is one character, and so is the space it encodes.
    return name.includes(' ') && decodeQuery(query.slice(from, to)) === name;
  }
  return decodeQuery(query.slice(from, to)) === name;
}

const isPlain = (name: string): boolean => !name.includes('+') && !name.includes('%');

const decodeQuery = (text: string): string => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeAll(spaced) : spaced;
};
