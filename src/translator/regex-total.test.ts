/** What regular expressions add up to, in a route and in a hostname. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { EMPTY_SNAPSHOT } from '../../test/support/empty-snapshot.ts';
import { classObject, gatewayObject, routeObject, serviceObject } from '../../test/support/kube-cluster.ts';
import type { HTTPRoute } from '../gatewayapi/generated/types.ts';
import { Translator } from './translate.ts';
import { CONTROLLER_NAME, type TranslateResult } from './types.ts';

/** A route with rules that have so many patterns each. */
function routeWith(name: string, rules: readonly number[]): HTTPRoute {
  const route = routeObject(name, {
    gateway: 'web',
    hostname: 'a.test',
    service: 's',
  }) as unknown as HTTPRoute;
  const [first] = route.spec.rules ?? [];
  return {
    ...route,
    spec: {
      ...route.spec,
      rules: rules.map((count, rule) => ({
        ...first,
        matches: Array.from({ length: count }, (_, at) => ({
          path: {
            type: 'RegularExpression',
            value: `/${name}/${String(rule)}/${String(at).padStart(3, '0')}/[ab]+`,
          },
        })),
      })),
    },
  };
}

/** Every pattern has 100 instructions. */
function translate(httpRoutes: readonly HTTPRoute[]): TranslateResult {
  const translator = new Translator({
    controllerName: CONTROLLER_NAME,
    allClasses: false,
    addresses: 'bind',
    trustedCidrs: [],
    readCertificate: () => ({ ok: false, message: 'there are none here' }),
    validateCaBundle: () => null,
    measureRegex: () => 100,
  });
  const snapshot = {
    ...EMPTY_SNAPSHOT,
    gatewayClasses: [classObject()],
    gateways: [gatewayObject('web')],
    httpRoutes,
    services: [serviceObject('s')],
  } as unknown as Parameters<Translator['translate']>[0];
  return translator.translate(snapshot, { dataPlanes: [] });
}

const totals = ({ findings }: TranslateResult): readonly string[] =>
  findings
    .filter(({ code }) => code === 'regex-total')
    .map(({ severity, object, path }) => `${severity} ${object.name} ${path}`);

suite('the regular expressions of a route', () => {
  test('may add up to 10,000 instructions', () => {
    assert.deepEqual(totals(translate([routeWith('r', [50, 50])])), []);
  });

  test('beyond that the rule that goes too far, and those after it, answer 500', () => {
    const result = translate([routeWith('r', [50, 51, 1])]);
    const errors = totals(result).filter((line) => line.startsWith('error'));
    assert.deepEqual(errors, ['error r spec.rules[1].matches', 'error r spec.rules[2].matches']);
    assert.deepEqual(
      result.configs[0]?.rules.map(({ action }) => action.kind),
      ['forward', 'fail', 'fail'],
    );
  });

  test('of several routes are reported where their hostname has too many', () => {
    const result = translate([routeWith('a', [60]), routeWith('b', [60])]);
    assert.deepEqual(totals(result), ['warning b spec.rules[0].matches']);
    assert.deepEqual(
      result.configs[0]?.rules.map(({ action }) => action.kind),
      ['forward', 'forward'],
    );
  });
});
