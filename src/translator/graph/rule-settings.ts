/** Settings of a route's rule that policies can set as well: timeouts, retries, session persistence. */
import type {
  HTTPRouteRuleRetry,
  HTTPRouteRuleSessionPersistence,
  HTTPRouteRuleTimeouts,
} from '../../gatewayapi/generated/types.ts';
import { sessionNameError } from '../../lib/message-grammar.ts';
import type { Fault } from '../faults/fault.ts';
import { durationInvalid, sessionNameInvalid } from '../faults/route-faults.ts';
import { readMeasures, type Measured, type Unit } from '../measures.ts';
import type { RuleSettings } from './route-adapter.ts';

const UNITS = {
  'timeouts.request': 'duration',
  'timeouts.backendRequest': 'duration',
  'retry.backoff': 'duration',
  'sessionPersistence.absoluteTimeout': 'duration',
} as const satisfies Readonly<Record<string, Unit>>;

interface WrittenSettings {
  readonly timeouts?: HTTPRouteRuleTimeouts;
  readonly retry?: HTTPRouteRuleRetry;
  readonly sessionPersistence?: HTTPRouteRuleSessionPersistence;
}

export interface RuleSettingsNode extends Measured<WrittenSettings, keyof typeof UNITS> {
  readonly written: WrittenSettings;
}

/** `path`: of the rule. */
export function readRuleSettings(
  { timeouts, retry, sessionPersistence }: RuleSettings,
  path: string,
): { readonly settings: RuleSettingsNode | null; readonly faults: readonly Fault[] } {
  if (timeouts === null && retry === null && sessionPersistence === null) return NONE;
  const written: WrittenSettings = {
    ...(timeouts === null ? {} : { timeouts }),
    ...(retry === null ? {} : { retry }),
    ...(sessionPersistence === null ? {} : { sessionPersistence }),
  };
  const { settings, unreadable } = readMeasures(written, UNITS);
  const durations = unreadable.map((field) => durationInvalid(`${path}.${field.path}`, field.text));
  const { sessionName = '', type = 'Cookie' } = sessionPersistence ?? {};
  const error = sessionNameError(sessionName, type);
  const names = error === null ? [] : [sessionNameInvalid(`${path}.sessionPersistence.sessionName`, error)];
  return { settings: { ...settings, written }, faults: [...durations, ...names] };
}

const NONE = { settings: null, faults: [] } as const;
