/** XBackendTrafficPolicy of the Gateway API (GEP-3388, GEP-1619): two blocks of BackendPolicy, for the backend it names alone. */
import type { XBackendTrafficPolicy } from '../../../gatewayapi/generated/types.ts';
import { EXPERIMENTAL_GROUP } from '../../../gatewayapi/ref.ts';
import { sessionNameError } from '../../../lib/message-grammar.ts';
import { readMeasures } from '../../measures.ts';
import { policyValue } from '../faults.ts';
import type { PolicyKind } from '../policy-kind.ts';
import { measureFaults } from './backend-policy.ts';
import { BACKEND_SETTINGS, type BackendSettings } from './backend-settings.ts';
import { POLICY_UNITS } from './fields.ts';

export const BACKEND_TRAFFIC_POLICY: PolicyKind<XBackendTrafficPolicy, BackendSettings> = {
  group: EXPERIMENTAL_GROUP,
  kind: 'XBackendTrafficPolicy',
  objects: ({ backendTrafficPolicies }) => backendTrafficPolicies,
  targets: ['Service', 'XBackend'],
  attachment: { kind: 'direct', use: 'layer7' },
  whenInvalid: 'ignored',
  hasReferences: false,
  settings: BACKEND_SETTINGS,
  yieldsBlocks: true,
  read: ({ spec: { retryConstraint, sessionPersistence } }) => {
    const spec = {
      ...(retryConstraint === undefined ? {} : { retryConstraint }),
      ...(sessionPersistence === undefined ? {} : { sessionPersistence }),
    };
    const { settings, unreadable } = readMeasures(spec, POLICY_UNITS);
    const { sessionName = '', type = 'Cookie' } = sessionPersistence ?? {};
    const error = sessionNameError(sessionName, type);
    const path = 'spec.sessionPersistence.sessionName';
    return {
      settings,
      faults: [...measureFaults(unreadable), ...(error === null ? [] : [policyValue(path, error)])],
      referenceFaults: [],
      warnings: [],
    };
  },
};
