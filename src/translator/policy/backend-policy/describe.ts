/** The settings of requests to a backend and of its pool, field by field, with their origins. */
import type { EffectiveSetting, Origin } from '../../../ir/origin.ts';
import { blockOf, fieldsOf, mergeLayers, valueAt, winnerOf, writtenAt, type Merged } from '../merge.ts';
import type { DescribedBackend, SettingsLayer } from '../policy-settings.ts';
import type { BackendSettings } from './backend-settings.ts';
import { POLICY_FIELDS } from './fields.ts';
import { DEFAULT_RETRY } from './lower.ts';

type Layer = SettingsLayer<BackendSettings>;

/** Optional blocks, with what applies without them. */
const OPTIONAL: Readonly<Record<string, string>> = {
  retry: 'one other endpoint, if nothing was sent',
  'loadBalancer.slowStart': 'off',
  'loadBalancer.consistentHash': 'off',
  'loadBalancer.zoneAware.preferLocal': 'off',
  sessionPersistence: 'off',
  'healthCheck.active': 'off',
  'healthCheck.passive': 'off',
  proxyProtocol: 'off',
};

/** `layers`: of the rule's backends, by index, weakest first. */
export function describeSettings(
  layers: readonly (readonly Layer[])[],
  backend: DescribedBackend,
): readonly EffectiveSetting[] {
  const merged = mergeLayers(layers[backend.index] ?? []);
  const sessions = layers
    .map((list) => mergeLayers(list))
    .find(({ spec }) => spec.sessionPersistence !== undefined);
  const settings: EffectiveSetting[] = [];
  const described = new Set<string>();
  for (const path of Object.keys(POLICY_FIELDS)) {
    // A rule has one session setting: that of the first backend with any (GEP-1619).
    const source = blockOf(path) === 'sessionPersistence' ? (sessions ?? merged) : merged;
    const absent = absentBlock(source, path);
    if (absent === null) {
      const setting = settingAt(source, path, backend);
      if (setting !== null) settings.push(setting);
    } else if (!described.has(absent)) {
      described.add(absent);
      settings.push({ field: absent, value: OPTIONAL[absent] ?? 'off', from: null });
    }
  }
  return settings;
}

/** The missing optional block around the field, or null. */
function absentBlock({ spec }: Merged<BackendSettings, Layer>, path: string): string | null {
  const block = Object.keys(OPTIONAL).find((name) => path.startsWith(`${name}.`));
  return block === undefined || valueAt(spec, block) !== undefined ? null : block;
}

/** null for a field that does not apply to this backend. */
function settingAt(
  merged: Merged<BackendSettings, Layer>,
  path: string,
  { checkHost, protocol }: DescribedBackend,
): EffectiveSetting | null {
  const field = POLICY_FIELDS[path];
  if (field === undefined || !field.protocols.includes(protocol)) return null;
  const { needs } = field;
  const needed = needs === undefined ? undefined : valueAt(merged.spec, needs.field);
  if (needs !== undefined && (needed ?? POLICY_FIELDS[needs.field]?.fallback) !== needs.value) return null;
  const value = valueAt(merged.spec, path);
  const said = fieldsOf(merged.spec).some(([name]) => name === path) ? winnerOf(merged, path) : undefined;
  return {
    field: path,
    value: value === undefined ? standard(merged, path, checkHost) : text(writtenAt(said, path) ?? value),
    from: said === undefined ? null : originOf(said),
  };
}

function text(value: unknown): string {
  if (value === null) return 'unlimited';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const originOf = ({ source: { kind, namespace, name } }: Layer): Origin => ({ kind, namespace, name });

/** Computes defaults that depend on other fields. */
function standard(merged: Merged<BackendSettings, Layer>, path: string, checkHost: string | null): string {
  const { retry, timeouts } = merged.spec;
  switch (path) {
    case 'retry.maxBackoff':
      return `${String((retry?.backoff ?? DEFAULT_RETRY.backoffMs) * DEFAULT_RETRY.maxBackoffFactor)}ms`;
    case 'retry.perTryTimeout': {
      const limit = 'timeouts.backendRequest';
      return timeouts?.backendRequest === undefined
        ? (POLICY_FIELDS[limit]?.fallback ?? '')
        : text(writtenAt(winnerOf(merged, limit), limit));
    }
    case 'healthCheck.active.http.hostname':
      return checkHost ?? '';
    default:
      return POLICY_FIELDS[path]?.fallback ?? '';
  }
}
