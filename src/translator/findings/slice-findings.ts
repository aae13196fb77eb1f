import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import type { Memo } from '../../lib/memo.ts';
import { sliceWithoutService } from '../faults/match-advice.ts';
import { refOf } from '../graph/object-key.ts';
import { SERVICE_NAME_LABEL } from '../graph/snapshot-index.ts';
import type { Noted, Report } from './findings.ts';

/** EndpointSlices that belong to no Service. */
export function reportSlices(slices: readonly EndpointSlice[], report: Report, memo: Memo): void {
  for (const { object, faults } of memo.items('noted', slices, notedOf)) report(object, faults);
}

function notedOf(slice: EndpointSlice): readonly Noted[] {
  const service = slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? '';
  if (service !== '') return [];
  return [{ object: refOf(slice, 'discovery.k8s.io'), faults: [sliceWithoutService(SERVICE_NAME_LABEL)] }];
}
