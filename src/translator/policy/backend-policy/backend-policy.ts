/** BackendPolicy: attempts of requests to backends, and connection pools. */
import type { BackendPolicy } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import { parseDurationMs } from '../../../lib/duration.ts';
import { isAuthority, isRequestTarget, isToken, sessionNameError } from '../../../lib/message-grammar.ts';
import { parseBytes } from '../../../lib/quantity.ts';
import type { Fault } from '../../faults/fault.ts';
import { policyValue, poolSettingsOnRoute } from '../faults.ts';
import { fieldsOf } from '../merge.ts';
import type { PolicyKind } from '../policy-kind.ts';
import { ROUTE_TARGETS } from '../targets.ts';
import { BACKEND_SETTINGS, type BackendSettings } from './backend-settings.ts';
import { POLICY_FIELDS } from './fields.ts';

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
    const { targetRefs, ...settings } = object.spec;
    const isOnRoute = targetRefs.some(({ kind }) => ROUTE_TARGETS.some((route) => route === kind));
    const faults = [
      ...valueFaults(settings),
      ...textFaults(settings),
      ...(isOnRoute ? poolFaults(settings) : []),
    ];
    return { settings, faults, referenceFaults: [], warnings: [] };
  },
};

/** RFC 9113 section 6.9.1. */
const MAX_WINDOW_BYTES = 2_147_483_647;

/** Checks that the schema cannot express, or that it lacked when the object was stored. */
function valueFaults(settings: BackendSettings): readonly Fault[] {
  return fieldsOf(settings).flatMap(([path, value]) => {
    const unit = POLICY_FIELDS[path]?.unit ?? 'plain';
    const text = String(value);
    if (unit === 'duration' && parseDurationMs(text) === null) {
      return [policyValue(`spec.${path}`, `${JSON.stringify(value)} is no duration, such as 250ms or 1m.`)];
    }
    if (unit !== 'bytes') return [];
    const bytes = parseBytes(text);
    if (bytes === null) {
      return [policyValue(`spec.${path}`, `${JSON.stringify(value)} is no size, such as 64Ki.`)];
    }
    const isWindow = path === 'http2.initialStreamWindowSize';
    return isWindow && (bytes < 1 || bytes > MAX_WINDOW_BYTES)
      ? [policyValue(`spec.${path}`, `a window has 1 to ${String(MAX_WINDOW_BYTES)} bytes.`)]
      : [];
  });
}

/** Checks text that becomes part of messages: the object may be older than the pattern in its schema. */
function textFaults({ sessionPersistence, healthCheck }: BackendSettings): readonly Fault[] {
  const { path = '/', hostname = '', headers = [] } = healthCheck?.active?.http ?? {};
  const { sessionName = '', type = 'Cookie' } = sessionPersistence ?? {};
  const http = 'spec.healthCheck.active.http';
  const checked: readonly (readonly [path: string, error: string | null])[] = [
    ['spec.sessionPersistence.sessionName', sessionNameError(sessionName, type)],
    [`${http}.path`, isRequestTarget(path) ? null : `${JSON.stringify(path)} is no path, such as /healthz.`],
    [
      `${http}.hostname`,
      hostname === '' || isAuthority(hostname)
        ? null
        : `${JSON.stringify(hostname)} is no host, such as shop.example or shop.example:8080.`,
    ],
    ...headers.map(
      ({ name }, index) =>
        [
          `${http}.headers[${String(index)}].name`,
          isToken(name) ? null : `${JSON.stringify(name)} is no header name.`,
        ] as const,
    ),
  ];
  return checked.flatMap(([at, error]) => (error === null ? [] : [policyValue(at, error)]));
}

/** Settings of requests alone may be set on a route. */
const REQUEST_BLOCKS: readonly string[] = ['retry', 'timeouts'];

const poolFaults = (settings: BackendSettings): readonly Fault[] =>
  Object.keys(settings)
    .filter((block) => !REQUEST_BLOCKS.includes(block))
    .map((block) => poolSettingsOnRoute(`spec.${block}`, block));
