import type { HTTPRouteRuleFilterUrlRewrite } from '../../gatewayapi/generated/types.ts';
import type { FilterKind } from './filter-kind.ts';
import { lowerPath, validatePath } from './path-modifier.ts';

export const urlRewrite: FilterKind<HTTPRouteRuleFilterUrlRewrite> = {
  type: 'URLRewrite',
  field: 'urlRewrite',
  validate: ({ path }, place) => validatePath(path, place),
  lower: ({ hostname, path }) => ({
    kind: 'url-rewrite',
    hostname: hostname ?? null,
    path: lowerPath(path),
  }),
};
