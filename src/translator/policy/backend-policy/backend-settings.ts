/** The settings of BackendPolicy and XBackendTrafficPolicy, and the ones among them that Services and route rules set. */
import type { BackendPolicySpec } from '../../../gatewayapi/generated/types.ts';
import type { ObjectRef } from '../../../gatewayapi/ref.ts';
import type { RouteNode, RuleNode, Upstream } from '../../graph/nodes.ts';
import type { OverridingSettings, PolicyLayer } from '../policy-settings.ts';
import { describeSettings } from './describe.ts';
import { POLICY_FIELDS } from './fields.ts';

export type BackendSettings = Omit<BackendPolicySpec, 'targetRefs'>;

/** Rules and clusters have members of their own for these settings: lowering.ts makes them. */
export const BACKEND_SETTINGS: OverridingSettings<BackendSettings> = {
  merge: 'override-fields',
  name: 'backend',
  carriers: ['backend'],
  fields: POLICY_FIELDS,
  ruleWideBlock: 'sessionPersistence',
  layersOfUpstream: ({ ref, prefersLocal }: Upstream) => (prefersLocal ? [distributionLayer(ref)] : []),
  layersOfRule: (route: RouteNode, rule: RuleNode) => inlineLayers(route.ref, rule),
  describe: describeSettings,
};

const layerOfObject = (
  source: ObjectRef,
  place: string,
  { spec, whole }: { readonly spec: BackendSettings; readonly whole: readonly string[] },
): PolicyLayer<BackendSettings> => ({
  settings: BACKEND_SETTINGS,
  kind: null,
  closed: null,
  source,
  place,
  spec,
  whole,
});

/** Any local endpoint is enough, as for kube-proxy. */
function distributionLayer(service: ObjectRef): PolicyLayer {
  const preferLocal = { minEndpointsThreshold: 1 };
  const spec = { loadBalancer: { zoneAware: { preferLocal } } };
  return layerOfObject(service, 'distribution', { spec, whole: [] });
}

/** Conditions that are retried whenever an HTTPRoute has a `retry` stanza (HTTPRouteRetry). */
const IMPLIED_BY_ROUTE = ['ConnectFailure', 'RefusedStream', 'Reset', 'PerTryTimeout'] as const;

/** The settings of the route's rule itself; session persistence is one decision (GEP-1619). */
function inlineLayers(route: ObjectRef, { settings, index }: RuleNode): readonly PolicyLayer[] {
  const { timeouts, retry, sessionPersistence } = settings;
  if (timeouts === null && retry === null && sessionPersistence === null) return [];
  const own = {
    ...(timeouts === null ? {} : { timeouts }),
    ...(retry === null ? {} : { retry: { ...retry, retryOn: IMPLIED_BY_ROUTE } }),
    ...(sessionPersistence === null ? {} : { sessionPersistence }),
  };
  const whole = sessionPersistence === null ? [] : ['sessionPersistence'];
  const { kind, namespace, name } = route;
  return [layerOfObject(route, `${kind}/${namespace}/${name} ${String(index)}`, { spec: own, whole })];
}
