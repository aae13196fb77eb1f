import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import { DerivedItems } from '../../lib/derived-items.ts';
import { sliceWithoutService } from '../faults/match-advice.ts';
import { refOf } from '../graph/object-key.ts';
import { SERVICE_NAME_LABEL } from '../graph/snapshot-index.ts';
import type { Noted, Report } from './findings.ts';

/** EndpointSlices that belong to no Service. Each slice is checked once. */
export class SliceReporter {
  readonly #noted = new DerivedItems<EndpointSlice, Noted>();

  report(slices: readonly EndpointSlice[], report: Report): void {
    for (const { object, faults } of this.#noted.update(slices, notedOf)) report(object, faults);
  }
}

function notedOf(slice: EndpointSlice): readonly Noted[] {
  const service = slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? '';
  if (service !== '') return [];
  return [{ object: refOf(slice, 'discovery.k8s.io'), faults: [sliceWithoutService(SERVICE_NAME_LABEL)] }];
}
