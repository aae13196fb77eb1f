/** One table entry adds a filter type: validation, status and lowering follow from it. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { EMPTY_SNAPSHOT } from '../../../test/support/empty-snapshot.ts';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  serviceObject,
} from '../../../test/support/kube-cluster.ts';
import type { HTTPRoute } from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Filter } from '../../ir/filter.ts';
import type { RouteRule } from '../../ir/route.ts';
import { errorFault } from '../faults/fault.ts';
import type { FaultCodeOf } from '../faults/fault-codes.ts';
import { translate } from '../translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from '../types.ts';
import type { FilterKind } from './filter-kind.ts';
import { FILTER_KINDS, filterKinds } from './filter-kinds.ts';

const OPTIONS: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex: () => 1,
};

interface Tarpit {
  readonly delay: string;
  readonly backendRef: { readonly name: string; readonly port: number };
}

/** Delays requests and tells a Service about each: a type that no version of the Gateway API has. */
const tarpit: FilterKind<Tarpit> = {
  type: 'Tarpit',
  field: 'tarpit',
  backend: { isOptional: false, reference: ({ backendRef }) => ({ ref: backendRef, traffic: 'HTTP' }) },
  validate: ({ delay }, { path }) =>
    delay === 'soon'
      ? [
          errorFault({
            code: 'tarpit' as FaultCodeOf<'error'>,
            reason: 'UnsupportedValue',
            path,
            message: 'When is soon?',
          }),
        ]
      : [],
  lower: ({ delay }, target) =>
    delay === 'never' || target === null ? null : ({ kind: 'tarpit', delay, ...target } as unknown as Filter),
};

function translateWith(filter: object, kinds: TranslateOptions['filterKinds']): TranslateResult {
  const route = routeObject('shop', { gateway: 'web', hostname: 'shop.example', service: 'shop' });
  const spec = route['spec'] as unknown as HTTPRoute['spec'];
  const [plain] = spec.rules ?? [];
  // A route without any valid rule would not be attached.
  const rules = [
    { ...plain, filters: [filter] },
    { ...plain, matches: [{ path: { value: '/plain' } }] },
  ];
  const snapshot = {
    ...EMPTY_SNAPSHOT,
    gatewayClasses: [classObject()],
    gateways: [gatewayObject('web')],
    httpRoutes: [{ ...route, spec: { ...spec, rules } }],
    services: [serviceObject('shop'), serviceObject('log')],
    namespaces: [namespaceObject('default')],
  } as unknown as ResourceSnapshot;
  const options = kinds === undefined ? OPTIONS : { ...OPTIONS, filterKinds: kinds };
  return translate(snapshot, { dataPlanes: [] }, options);
}

function ruleOf({ configs }: TranslateResult): RouteRule {
  const rule = configs[0]?.rules[0];
  assert.ok(rule !== undefined);
  return rule;
}

const withTarpit = filterKinds([...FILTER_KINDS.values(), tarpit]);
const filterWith = (delay: string, service = 'log'): object => ({
  type: 'Tarpit',
  tarpit: { delay, backendRef: { name: service, port: 80 } },
});

const closed = (rule: RouteRule): string | null => (rule.action.kind === 'fail' ? rule.action.reason : null);

suite('a filter type of a table that has one more', () => {
  test('is validated, resolved and lowered', () => {
    const result = translateWith(filterWith('10s'), withTarpit);
    const { filters, action } = ruleOf(result);
    const cluster = 'Service/default/log/80/http1';
    const origin = { kind: 'Service', namespace: 'default', name: 'log', section: 'http' };
    assert.deepEqual(filters, [{ kind: 'tarpit', delay: '10s', cluster, origin }]);
    assert.equal(action.kind, 'forward');
    assert.ok(result.configs[0]?.clusters.some(({ id }) => id === cluster));
    assert.deepEqual(result.findings, []);
  });

  test('with settings that it refuses makes the rule invalid', () => {
    const result = translateWith(filterWith('soon'), withTarpit);
    assert.equal(closed(ruleOf(result)), 'invalid_rule');
    assert.deepEqual(
      result.findings.map(({ code, path }) => [code, path]),
      [['tarpit', 'spec.rules[0].filters[0].tarpit']],
    );
  });

  test('closes the rule when its backend is missing', () => {
    const result = translateWith(filterWith('10s', 'absent'), withTarpit);
    assert.equal(closed(ruleOf(result)), 'invalid_filter');
    assert.deepEqual(
      result.findings.map(({ code, path }) => [code, path]),
      [['backend-not-found', 'spec.rules[0].filters[0].tarpit.backendRef']],
    );
  });

  test('closes the rule, with a reason, when it cannot be lowered', () => {
    const rule = ruleOf(translateWith(filterWith('never'), withTarpit));
    assert.equal(closed(rule), 'invalid_filter');
    const message = 'The filter spec.rules[0].filters[0] (Tarpit) is not supported.';
    assert.equal(rule.action.kind === 'fail' && rule.action.message, message);
  });

  test('is unknown to a table without it', () => {
    const result = translateWith(filterWith('10s'), undefined);
    assert.equal(closed(ruleOf(result)), 'invalid_rule');
    assert.deepEqual(
      result.findings.map(({ path }) => path),
      ['spec.rules[0].filters[0].type'],
    );
  });
});
