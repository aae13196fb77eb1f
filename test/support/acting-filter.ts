/** A filter of tests that does to requests and responses what its configuration says, and notes in a journal that it did. */
import assert from 'node:assert/strict';
import type { Exchange } from '../../src/proxy/exchange/exchange.ts';
import type { FilterRun } from '../../src/proxy/exchange/filter-run.ts';
import type {
  ExchangeKey,
  FilterAnswer,
  FilterOutcome,
  HttpFilter,
  PendingFilter,
} from '../../src/proxy/exchange/http-filter.ts';
import type { FilterDefinition } from '../../src/proxy/filter/definition.ts';
import { replyFor } from '../../src/proxy/message/local-reply.ts';

/** What the filter does to a request or response: `wait, continue` waits first. */
export type Act =
  'continue' | 'answer' | 'wait, continue' | 'wait, answer' | 'resume at once' | 'wait for good';

export interface ActingFilter {
  readonly kind: 'acting';
  readonly onRequest: Act;
  readonly onResponse: Act;
}

const REQUEST_WAS_SEEN: ExchangeKey<boolean> = { absent: false };

/** The whole of a new kind. `stages`: where it acts. */
export function actingFilter(
  journal: Journal,
  stages: FilterDefinition['stages'] = { request: 'custom-request', response: 'custom-response' },
): FilterDefinition<ActingFilter> {
  return {
    kind: 'acting',
    stages,
    precedence: 'both',
    compile: ({ onRequest, onResponse }) => ({
      ...(stages.request === undefined ? {} : { request: new Acting(onRequest, 'request', journal) }),
      ...(stages.response === undefined ? {} : { response: new Acting(onResponse, 'response', journal) }),
    }),
    describe: ({ onRequest, onResponse }) => `acts: ${onRequest}; ${onResponse}`,
  };
}

export class Journal {
  readonly events: string[] = [];
  readonly waits: (() => void)[] = [];

  /** Ends every wait that there is. */
  resume(): void {
    for (const end of this.waits.splice(0)) end();
  }

  /** Resolves once the event has been noted as often as `times`. */
  async happened(event: string, times = 1): Promise<void> {
    for (let turn = 0; turn < 500; turn++) {
      if (this.events.filter((noted) => noted === event).length >= times) return;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.fail(`"${event}" did not happen, but ${this.events.join(', ')}`);
  }
}

class Acting implements HttpFilter {
  readonly kind = 'acting';
  readonly #act: Act;
  readonly #on: 'request' | 'response';
  readonly #journal: Journal;

  constructor(act: Act, on: 'request' | 'response', journal: Journal) {
    this.#act = act;
    this.#on = on;
    this.#journal = journal;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const { events } = this.#journal;
    if (this.#on === 'request') {
      events.push(`request ${exchange.head.path}`);
      run.keep(REQUEST_WAS_SEEN, true);
      run.requestEdits = [...run.requestEdits, setting('x-request-edit')];
      run.observeEnd({ exchangeEnded: ({ status }) => events.push(`ended ${String(status)}`) });
    } else {
      const { reason } = exchange;
      events.push(`response ${String(run.responseHead?.status)} ${reason ?? 'of the backend'}`);
      run.responseEdits = [...run.responseEdits, setting('x-response-edit')];
      if (run.kept(REQUEST_WAS_SEEN)) run.addedFields = [{ name: 'x-kept', value: '1' }];
    }
    const act = this.#act;
    if (act === 'continue') return act;
    return act === 'answer' ? ANSWER : this.#wait(run, act);
  }

  #wait(run: FilterRun, act: Exclude<Act, 'continue' | 'answer'>): PendingFilter {
    const journal = this.#journal;
    const pending: PendingFilter = {
      kind: 'pending',
      start: () => {
        journal.events.push('waits');
        if (act === 'resume at once') run.resume(pending, 'continue');
        else journal.waits.push(() => run.resume(pending, act === 'wait, answer' ? ANSWER : 'continue'));
      },
      bodyChanged: () => undefined,
      cancel: () => journal.events.push('cancelled'),
    };
    return pending;
  }
}

const setting = (name: string) => ({ set: [{ name, value: 'set' }], add: [], remove: [] });
const ANSWER: FilterAnswer = {
  kind: 'answer',
  reason: 'auth_denied',
  reply: { ...replyFor('auth_denied'), status: 418, body: 'short and stout' },
};
