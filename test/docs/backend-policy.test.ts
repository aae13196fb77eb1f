/** The descriptions in the CRD of BackendPolicy, and so docs/reference/backend-policy.md, have the defaults and units of the code. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readFields } from '../../scripts/docs/fields.ts';
import { listSpecFields } from '../../src/gatewayapi/spec-fields.ts';
import type { BackendPolicySpec } from '../../src/gatewayapi/generated/types.ts';
import { readMeasures } from '../../src/translator/measures.ts';
import {
  POLICY_FIELDS,
  POLICY_UNITS,
  type MeasuredPath,
} from '../../src/translator/policy/backend-policy/fields.ts';
import { lowerPool, lowerRequests } from '../../src/translator/policy/backend-policy/lower.ts';
import { parseDurationMs } from '../../src/lib/duration.ts';
import { parseBytes } from '../../src/lib/quantity.ts';
import { DEFAULT_CLUSTER_POLICY, DEFAULT_TIMEOUTS } from '../../src/ir/policy.ts';
import type { BackendSettings } from '../../src/translator/policy/backend-policy/backend-settings.ts';

/** Lists and their parts are one field of the policy. */
const fieldOf = (path: string): string => path.replace(/^spec\./, '').replace(/\[\].*$/, '');
const rows = readFields('BackendPolicy');
const settings = rows.filter(({ path }) => !path.startsWith('spec.targetRefs'));

test('every field is documented, and no other', () => {
  assert.deepEqual(rows.map(({ path }) => path).toSorted(), listSpecFields('BackendPolicy'));
});

test('every setting is known to the merge, and no other', () => {
  const documented = new Set(settings.map(({ path }) => fieldOf(path)));
  assert.deepEqual([...documented].toSorted(), Object.keys(POLICY_FIELDS).toSorted());
});

test('defaults and units are those of the table in code', () => {
  const units = { duration: 'duration', size: 'bytes' } as Readonly<Record<string, string>>;
  for (const { path, type, fallback } of settings) {
    const field = POLICY_FIELDS[fieldOf(path)];
    assert.ok(field !== undefined, path);
    assert.equal(units[type] ?? 'plain', field.unit, path);
    if (!/\[\]\./.test(path)) assert.equal(fallback, field.fallback, path);
  }
});

/** The field alone, in a spec in which it is served. */
function specWith(field: string, value: unknown): BackendSettings {
  const base: Record<string, unknown> = {
    retry: {},
    retryConstraint: {},
    healthCheck: { active: { type: 'HTTP' }, passive: {} },
  };
  const names = field.split('.');
  let block = base;
  for (const name of names.slice(0, -1)) block = (block[name] ??= {}) as Record<string, unknown>;
  block[names.at(-1) ?? ''] = value;
  return readMeasures<Omit<BackendPolicySpec, 'targetRefs'>, MeasuredPath>(base, POLICY_UNITS).settings;
}

const HOST = 'api.demo.svc';
const lowered = (spec: BackendSettings): unknown => ({ ...lowerRequests(spec), pool: lowerPool(spec, HOST) });

test('to write a default down changes nothing, to write another value does', () => {
  const without = lowered(specWith('retry', {}));
  let compared = 0;
  for (const [field, { fallback, unit, protocols }] of Object.entries(POLICY_FIELDS)) {
    const isText =
      /^(true|false|[0-9]+)$/.test(fallback) || parseDurationMs(fallback) !== null || unit === 'bytes';
    // The golden cases cover blocks that are off by default, and fields that are read with their block.
    if (!isText || protocols.length === 0 || /preferLocal|consistentHash|sessionPersistence/.test(field))
      continue;
    const value: unknown = unit === 'plain' ? JSON.parse(fallback) : fallback;
    assert.deepEqual(lowered(specWith(field, value)), without, `${field} ${fallback}`);
    const other =
      unit === 'duration' ? '7s' : unit === 'bytes' ? '7Ki' : value === true || value === false ? !value : 7;
    assert.notDeepEqual(lowered(specWith(field, other)), without, `${field} other than ${fallback}`);
    compared += 1;
  }
  assert.ok(compared > 30, String(compared));
});

test('without a policy there is what the data plane has by default', () => {
  assert.deepEqual(lowerPool({}, HOST), DEFAULT_CLUSTER_POLICY);
  assert.deepEqual(lowerRequests({}), { timeouts: DEFAULT_TIMEOUTS, retry: null });
  assert.equal(parseBytes(POLICY_FIELDS['http2.initialStreamWindowSize']?.fallback ?? ''), 262_144);
});
