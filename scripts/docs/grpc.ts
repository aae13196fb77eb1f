/** docs/reference/routing.md: what each reason code is to a gRPC client. */
import type { ReasonCode } from '../../src/ir/reason.ts';
import { GRPC_STATUS } from '../../src/proxy/message/grpc-status.ts';
import { asCode, markdownTable, type Section } from './section.ts';

/** Of google.golang.org/grpc/codes, by number. */
const CODE_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

export const GRPC_STATUSES: Section = {
  page: 'docs/reference/routing.md',
  name: 'grpc-status',
  render: () => {
    const reasons = Object.keys(GRPC_STATUS) as ReasonCode[];
    const byStatus = Map.groupBy(reasons, (reason) => GRPC_STATUS[reason]);
    return markdownTable(
      ['grpc-status', 'code', 'reasons'],
      [...byStatus]
        .sort(([a], [b]) => a - b)
        .map(([status, ofStatus]) => [
          String(status),
          CODE_NAMES[status] ?? '',
          ofStatus.map(asCode).join(', '),
        ]),
    );
  },
};
