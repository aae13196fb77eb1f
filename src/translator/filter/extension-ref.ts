/** A filter that attaches a policy, or that is configured by an object of a kind in `extension-kinds.ts`, in the namespace of the route. */
import type { HTTPRouteRuleFilterExtensionRef } from '../../gatewayapi/generated/types.ts';
import type { FilterKind } from './filter-kind.ts';

export const extensionRef: FilterKind<HTTPRouteRuleFilterExtensionRef> = {
  type: 'ExtensionRef',
  field: 'extensionRef',
  isRepeatable: true,
  refersTo: (settings, { from }) => ({ ...settings, namespace: from.namespace }),
  // One that refers to an object that can be used is lowered as the filter of that object.
  lower: () => null,
};
