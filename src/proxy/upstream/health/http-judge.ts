import type { ActiveCheckProbe } from '../../../ir/policy.ts';
import type { ResponseHead } from '../../message/head.ts';
import { PASSED, wrongStatus, type CheckResult } from './check-result.ts';
import type { AnswerJudge } from './request-probe.ts';

type HttpProbe = Extract<ActiveCheckProbe, { readonly kind: 'http' }>;

/** Judges by the status alone, but the answer has to be complete. */
export class HttpJudge implements AnswerJudge {
  readonly #expected: HttpProbe['expected'];

  constructor(expected: HttpProbe['expected']) {
    this.#expected = expected;
  }

  onHead({ status }: ResponseHead): CheckResult {
    const isExpected = this.#expected.some(({ start, end }) => status >= start && status <= end);
    return isExpected ? PASSED : wrongStatus(`it answered ${status}`);
  }

  onData(): void {
    // Whatever it says.
  }

  onEnd(): CheckResult {
    return PASSED;
  }
}
