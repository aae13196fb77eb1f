import type { HTTPRouteRuleFilterExtensionRef } from '../../gatewayapi/generated/types.ts';
import { extensionRefUnknown } from '../faults/reference-faults.ts';
import type { FilterKind } from './filter-kind.ts';

/** Sluice serves no extension. */
export const extensionRef: FilterKind<HTTPRouteRuleFilterExtensionRef> = {
  type: 'ExtensionRef',
  field: 'extensionRef',
  isRepeatable: true,
  unserved: (settings, { path, from }) => [
    extensionRefUnknown(path, { ...settings, namespace: from.namespace }),
  ],
  lower: () => null,
};
