import type { HTTPRouteRuleFilterCors } from '../../gatewayapi/generated/types.ts';
import type { FilterKind } from './filter-kind.ts';

const DEFAULT_MAX_AGE_SECONDS = 5;

export const cors: FilterKind<HTTPRouteRuleFilterCors> = {
  type: 'CORS',
  field: 'cors',
  actsOnFailures: true,
  lower: (settings) => ({
    kind: 'cors',
    allowOrigins: settings.allowOrigins ?? [],
    allowCredentials: settings.allowCredentials ?? false,
    allowMethods: settings.allowMethods ?? [],
    allowHeaders: settings.allowHeaders ?? [],
    exposeHeaders: settings.exposeHeaders ?? [],
    maxAgeSeconds: settings.maxAge ?? DEFAULT_MAX_AGE_SECONDS,
  }),
};
