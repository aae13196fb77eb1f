import type { HTTPRouteRuleFilterExtensionRef } from '../../gatewayapi/generated/types.ts';
import { extensionRefUnknown } from '../faults/reference-faults.ts';
import type { FilterKind } from './filter-kind.ts';

/** Policies are the only extensions. */
export const extensionRef: FilterKind<HTTPRouteRuleFilterExtensionRef> = {
  type: 'ExtensionRef',
  field: 'extensionRef',
  isRepeatable: true,
  refersTo: (settings, { from }) => ({ ...settings, namespace: from.namespace }),
  unserved: (settings, { path, from }) => [
    extensionRefUnknown(path, { ...settings, namespace: from.namespace }),
  ],
  lower: () => null,
};
