import type { HTTPRouteRuleFilterRequestMirror } from '../../gatewayapi/generated/types.ts';
import type { FilterKind } from './filter-kind.ts';

export const mirror: FilterKind<HTTPRouteRuleFilterRequestMirror> = {
  type: 'RequestMirror',
  field: 'requestMirror',
  isRepeatable: true,
  backend: {
    // Only the copy is lost; the request itself is served (HTTPRequestMirrorFilter.backendRef).
    isOptional: true,
    reference: ({ backendRef }, { from }) => ({
      ref: backendRef,
      traffic: from.kind === 'GRPCRoute' ? 'gRPC' : 'HTTP',
    }),
  },
  lower: ({ percent, fraction }, target) => {
    if (target === null) return null;
    const [numerator, denominator] =
      fraction === undefined ? [percent ?? 100, 100] : [fraction.numerator, fraction.denominator ?? 100];
    return { kind: 'mirror', ...target, numerator, denominator };
  },
};
