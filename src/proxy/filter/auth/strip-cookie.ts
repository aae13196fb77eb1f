/** Removes a credential from the cookies that backends receive. */
import type { HeaderEdit } from '../../../ir/filter.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';

export function withoutCookies(name: string): (exchange: Exchange, run: FilterRun) => void {
  return ({ head }, run) => {
    const kept = (head.header('cookie') ?? '')
      .split(';')
      .map((pair) => pair.trim())
      .filter((pair) => pair !== '' && pair.split('=', 1)[0]?.trim() !== name);
    const value = kept.join('; ');
    const edit: HeaderEdit =
      value === ''
        ? { set: [], add: [], remove: ['cookie'] }
        : // The value is octets already: as text they would be encoded once more.
          {
            set: [{ name: 'cookie', value: Buffer.from(value, 'latin1').toString('utf8') }],
            add: [],
            remove: [],
          };
    run.requestEdits = [...run.requestEdits, edit];
  };
}
