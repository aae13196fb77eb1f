/** Credentials in the query of a request target. */
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import { queryValue } from '../../router/query.ts';

/** The parts of a query that give a value to `name`, however it is encoded. */
const partsOf = (query: string, name: string): readonly string[] =>
  query.split('&').filter((part) => queryValue(part, name) !== undefined);

/** Every value of a parameter, decoded. */
export const queryValues = (query: string, name: string): readonly string[] =>
  partsOf(query, name).map((part) => queryValue(part, name) ?? '');

/** Removes the parameter from the query that backends receive. */
export function withoutParameter(name: string): (exchange: Exchange, run: FilterRun) => void {
  return ({ head }, run) => {
    const query = run.query ?? head.query;
    run.query = query
      .split('&')
      .filter((part) => queryValue(part, name) === undefined)
      .join('&');
  };
}
