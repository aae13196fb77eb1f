import type { HTTPRouteRuleFilterExternalAuth } from '../../gatewayapi/generated/types.ts';
import type { ExternalAuthFilter } from '../../ir/filter.ts';
import { valueUnsupported } from '../faults/route-faults.ts';
import type { FilterKind } from './filter-kind.ts';

const PROTOCOLS: readonly string[] = ['HTTP', 'GRPC'];

export const externalAuth: FilterKind<HTTPRouteRuleFilterExternalAuth> = {
  type: 'ExternalAuth',
  field: 'externalAuth',
  backend: {
    // External auth fails closed (HTTPRouteFilter.externalAuth).
    isOptional: false,
    reference: ({ backendRef, protocol }) => ({
      ref: backendRef,
      traffic: protocol === 'GRPC' ? 'gRPC' : 'HTTP',
    }),
  },

  validate: ({ protocol }, { path }) =>
    PROTOCOLS.includes(protocol) ? [] : [valueUnsupported(`${path}.protocol`, protocol, PROTOCOLS)],

  lower: (settings, target) =>
    target === null
      ? null
      : {
          kind: 'external-auth',
          ...target,
          protocol: lowerProtocol(settings),
          forwardBodyBytes: settings.forwardBody?.maxSize ?? 0,
        },
};

function lowerProtocol({
  protocol,
  http,
  grpc,
}: HTTPRouteRuleFilterExternalAuth): ExternalAuthFilter['protocol'] {
  return protocol === 'GRPC'
    ? { kind: 'grpc', allowedRequestHeaders: lowerCase(grpc?.allowedHeaders) }
    : {
        kind: 'http',
        pathPrefix: http?.path ?? '',
        allowedRequestHeaders: lowerCase(http?.allowedHeaders),
        allowedResponseHeaders: lowerCase(http?.allowedResponseHeaders),
      };
}

const lowerCase = (names: readonly string[] | undefined): readonly string[] =>
  (names ?? []).map((name) => name.toLowerCase());
