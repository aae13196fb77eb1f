/** The settings of BackendPolicy and XBackendTrafficPolicy, and those that Services and route rules set. */
import type { BackendPolicySpec } from '../../../gatewayapi/generated/types.ts';
import type { ObjectRef } from '../../../gatewayapi/ref.ts';
import type { RouteNode, RuleNode, Upstream } from '../../graph/nodes.ts';
import { readSession } from '../../graph/session.ts';
import type { Measured } from '../../measures.ts';
import type { OverridingSettings, PolicyLayer } from '../policy-settings.ts';
import { describeSettings } from './describe.ts';
import { POLICY_FIELDS, type MeasuredPath } from './fields.ts';
import { lowerPool, lowerRequests } from './lower.ts';

/** Durations are milliseconds, sizes bytes. */
export type BackendSettings = Measured<Omit<BackendPolicySpec, 'targetRefs'>, MeasuredPath>;

export const BACKEND_SETTINGS: OverridingSettings<BackendSettings> = {
  merge: 'override-fields',
  name: 'backend',
  carriers: ['backend'],
  layer4: true,
  fields: POLICY_FIELDS,
  ruleWideBlock: 'sessionPersistence',
  layersOfUpstream: ({ ref, prefersLocal }: Upstream) => (prefersLocal ? [distributionLayer(ref)] : []),
  layersOfRule: (route: RouteNode, rule: RuleNode) => inlineLayers(route.ref, rule),
  describe: describeSettings,
  members: {
    pool: lowerPool,
    requests: lowerRequests,
    session: ({ sessionPersistence }) =>
      sessionPersistence === undefined ? null : readSession(sessionPersistence),
  },
};

/** What an object that is no policy sets. */
const layerOfObject = (
  layer: Pick<PolicyLayer<BackendSettings>, 'source' | 'place' | 'level' | 'spec' | 'written' | 'whole'>,
): PolicyLayer<BackendSettings> => ({ settings: BACKEND_SETTINGS, kind: null, closed: null, ...layer });

/** Any local endpoint is enough, as for kube-proxy. */
function distributionLayer(service: ObjectRef): PolicyLayer {
  const preferLocal = { minEndpointsThreshold: 1 };
  const spec = { loadBalancer: { zoneAware: { preferLocal } } };
  return layerOfObject({ source: service, place: 'distribution', level: 'backend', spec, written: spec });
}

/** Failures that are retried if an HTTPRoute rule has `retry` (HTTPRouteRetry). */
const IMPLIED_BY_ROUTE = ['ConnectFailure', 'RefusedStream', 'Reset', 'PerTryTimeout'] as const;

/** The settings of the route's rule itself; session persistence is one decision (GEP-1619). */
function inlineLayers(route: ObjectRef, { settings, index }: RuleNode): readonly PolicyLayer[] {
  if (settings === null) return [];
  const { written, ...own } = settings;
  const spec = own.retry === undefined ? own : { ...own, retry: { ...own.retry, retryOn: IMPLIED_BY_ROUTE } };
  const whole = own.sessionPersistence === undefined ? [] : ['sessionPersistence'];
  const { kind, namespace, name } = route;
  const place = `${kind}/${namespace}/${name} ${String(index)}`;
  return [layerOfObject({ source: route, place, level: 'rule', spec, written, whole })];
}
