/** The field `response` of policies that refuse requests. */
import type { PolicyResponse } from '../../ir/policy-response.ts';
import type { Fault } from '../faults/fault.ts';
import type { ReferenceContext } from '../graph/certificate.ts';
import { readBody, type BodySpec } from '../graph/content-body.ts';

export interface ResponseSpec {
  readonly status?: number;
  readonly body?: BodySpec;
}

export interface ResponseReading {
  /** null: the usual reply. Only to be used without faults. */
  readonly response: PolicyResponse | null;
  readonly faults: readonly Fault[];
  readonly referenceFaults: readonly Fault[];
}

/** `usualStatus`: where the policy states none. */
export function readResponse(
  spec: ResponseSpec | undefined,
  usualStatus: number,
  context: ReferenceContext,
): ResponseReading {
  if (spec === undefined) return { response: null, faults: [], referenceFaults: [] };
  const { status = usualStatus } = spec;
  const body = spec.body === undefined ? null : readBody(spec.body, 'spec.response.body', context);
  const faults = body?.ok === false ? body.failure : {};
  return {
    response: { status, body: body?.ok === true ? body.value : null },
    faults: [],
    referenceFaults: [],
    ...faults,
  };
}
