import { KINDS } from '../../src/gatewayapi/kinds.ts';
import type { ResourceSnapshot } from '../../src/gatewayapi/snapshot.ts';

/** A snapshot without objects. */
export const EMPTY_SNAPSHOT = Object.fromEntries(
  Object.keys(KINDS).map((list) => [list, []]),
) as unknown as ResourceSnapshot;
