/** Maintenance: every request is answered 503, but for those of some clients. */
import type { HeaderField } from '../../../ir/filter.ts';
import type { Maintenance } from '../../../ir/response.ts';
import { CidrSet } from '../../../lib/cidr-set.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterAnswer, FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import { REASONS } from '../../../ir/reason.ts';
import { policyReply } from '../policy/policy-reply.ts';

export class MaintenanceAnswer implements HttpFilter {
  readonly kind = 'response';
  readonly #excepted: CidrSet;
  readonly #answer: FilterAnswer;

  constructor({ retryAfterSeconds, exceptCidrs, body }: Maintenance) {
    this.#excepted = new CidrSet(exceptCidrs);
    const fields: HeaderField[] = [{ name: 'retry-after', value: String(retryAfterSeconds) }];
    const { status } = REASONS.maintenance;
    const reply = policyReply('maintenance', body === null ? null : { status, body }, fields);
    this.#answer = { kind: 'answer', reason: 'maintenance', reply };
  }

  apply({ clientAddress }: Exchange): FilterOutcome {
    return this.#excepted.has(clientAddress) ? 'continue' : this.#answer;
  }
}
