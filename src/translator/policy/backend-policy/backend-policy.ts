/** BackendPolicy: attempts of requests to backends, and connection pools. */
import type { BackendPolicy } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import { isAuthority, isRequestTarget, isToken, sessionNameError } from '../../../lib/message-grammar.ts';
import type { Fault } from '../../faults/fault.ts';
import { readMeasures, type UnreadableField } from '../../measures.ts';
import { policyValue, poolSettingsOnRoute } from '../faults.ts';
import type { PolicyKind } from '../policy-kind.ts';
import { ROUTE_TARGETS } from '../targets.ts';
import { BACKEND_SETTINGS, type BackendSettings } from './backend-settings.ts';
import { POLICY_UNITS } from './fields.ts';

export const BACKEND_POLICY: PolicyKind<BackendPolicy, BackendSettings> = {
  group: SLUICE_GROUP,
  kind: 'BackendPolicy',
  objects: ({ backendPolicies }) => backendPolicies,
  targets: ['Service', 'Gateway', 'ListenerSet', ...ROUTE_TARGETS],
  attachment: { kind: 'inherited' },
  whenInvalid: 'ignored',
  hasReferences: false,
  settings: BACKEND_SETTINGS,
  read: (object) => {
    const { targetRefs, ...spec } = object.spec;
    const { settings, unreadable } = readMeasures(spec, POLICY_UNITS);
    const isOnRoute = targetRefs.some(({ kind }) => ROUTE_TARGETS.some((route) => route === kind));
    const faults = [
      ...measureFaults(unreadable),
      ...windowFaults(settings),
      ...textFaults(settings),
      ...(isOnRoute ? poolFaults(settings) : []),
    ];
    return { settings, faults, referenceFaults: [], warnings: [] };
  },
};

/** Durations and sizes that the schema lacked when the object was stored. */
export const measureFaults = (unreadable: readonly UnreadableField[]): readonly Fault[] =>
  unreadable.map(({ path, why }) => policyValue(`spec.${path}`, why));

/** RFC 9113 section 6.9.1. */
const MAX_WINDOW_BYTES = 2_147_483_647;

function windowFaults({ http2 }: BackendSettings): readonly Fault[] {
  const { initialStreamWindowSize: bytes = 1 } = http2 ?? {};
  return bytes >= 1 && bytes <= MAX_WINDOW_BYTES
    ? []
    : [
        policyValue(
          'spec.http2.initialStreamWindowSize',
          `the window must be 1 to ${String(MAX_WINDOW_BYTES)} bytes.`,
        ),
      ];
}

/** Checks text that becomes part of messages: the object may be older than the pattern in its schema. */
function textFaults({ sessionPersistence, healthCheck }: BackendSettings): readonly Fault[] {
  const { path = '/', hostname = '', headers = [] } = healthCheck?.active?.http ?? {};
  const { sessionName = '', type = 'Cookie' } = sessionPersistence ?? {};
  const http = 'spec.healthCheck.active.http';
  const checked: readonly (readonly [path: string, error: string | null])[] = [
    ['spec.sessionPersistence.sessionName', sessionNameError(sessionName, type)],
    [
      `${http}.path`,
      isRequestTarget(path) ? null : `${JSON.stringify(path)} is not a path, such as /healthz.`,
    ],
    [
      `${http}.hostname`,
      hostname === '' || isAuthority(hostname)
        ? null
        : `${JSON.stringify(hostname)} is not a host, such as shop.example or shop.example:8080.`,
    ],
    ...headers.map(
      ({ name }, index) =>
        [
          `${http}.headers[${String(index)}].name`,
          isToken(name) ? null : `${JSON.stringify(name)} is not a header name.`,
        ] as const,
    ),
  ];
  return checked.flatMap(([at, error]) => (error === null ? [] : [policyValue(at, error)]));
}

/** Only settings of requests may be set on a route. */
const REQUEST_BLOCKS: readonly string[] = ['retry', 'timeouts'];

const poolFaults = (settings: BackendSettings): readonly Fault[] =>
  Object.keys(settings)
    .filter((block) => !REQUEST_BLOCKS.includes(block))
    .map((block) => poolSettingsOnRoute(`spec.${block}`, block));
