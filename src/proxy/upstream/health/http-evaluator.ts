import type { ActiveCheckProbe } from '../../../ir/policy.ts';
import type { ResponseHead } from '../../message/head.ts';
import { PASSED, wrongStatus, type CheckResult } from './check-result.ts';
import type { ResponseEvaluator } from './request-probe.ts';

type HttpProbe = Extract<ActiveCheckProbe, { readonly kind: 'http' }>;

/** Passes by the status alone; the response must be complete. */
export class HttpEvaluator implements ResponseEvaluator {
  readonly #expected: HttpProbe['expected'];

  constructor(expected: HttpProbe['expected']) {
    this.#expected = expected;
  }

  onHead({ status }: ResponseHead): CheckResult {
    const isExpected = this.#expected.some(({ start, end }) => status >= start && status <= end);
    return isExpected ? PASSED : wrongStatus(`it responded with ${status}`);
  }

  onData(): void {
    // Regardless of its content.
  }

  onEnd(): CheckResult {
    return PASSED;
  }
}
