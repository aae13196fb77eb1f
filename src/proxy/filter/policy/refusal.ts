/** How a policy refuses a request: with a response in mode Enforce; in mode Audit it is noted, and the request passes. */
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { FilterAnswer } from '../../exchange/http-filter.ts';
import type { RefusalCounter } from '../../exchange/policy-refusals.ts';
import { replyFor, type Reply } from '../../message/local-reply.ts';

export class Refusal {
  readonly counter: RefusalCounter;
  readonly #answer: FilterAnswer;

  /** `reply`: absent for the usual one of the counter's reason. */
  constructor(counter: RefusalCounter, reply?: Reply) {
    const { reason } = counter.labels;
    this.counter = counter;
    this.#answer = { kind: 'answer', reason, reply: reply ?? replyFor(reason) };
  }

  /** Counts the refusal, and returns what the filter's outcome is. `answer`: where the response depends on the request. */
  apply(run: FilterRun, answer: FilterAnswer = this.#answer): 'continue' | FilterAnswer {
    const { counter } = this;
    counter.count++;
    if (counter.labels.mode === 'audit') {
      run.wouldRefuse = [...run.wouldRefuse, counter];
      return 'continue';
    }
    run.refusedBy = counter;
    return answer;
  }
}
