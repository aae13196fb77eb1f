/** Policies that add up: an Override cannot be undone below, a Default is replaced by the closest, and an exemption takes its place. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { PolicyValue } from '../../src/ir/policy-value.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import {
  conditionsOf,
  configOf,
  explained,
  findingsOf,
  GATEWAY,
  guard,
  ROUTE,
  ruleOf,
  run,
  shown,
  statusOf,
} from './sample-policies.ts';

const HTTP = `${GATEWAY}, sectionName: http`;
const CART = `${ROUTE}, sectionName: cart`;
const CART_URL = 'http://shop.example/cart';

const groupsOf = (result: TranslateResult, index: number): readonly string[] =>
  (ruleOf(result, index).policies ?? []).flatMap(
    ({ settings }) => (settings as { readonly groups: readonly string[] }).groups,
  );

suite('policies that add up', () => {
  test('an Override of every level counts, whatever closer policies say', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a'),
      guard('listener', HTTP, 'group: b'),
      guard('route', ROUTE, 'group: c, precedence: Default'),
      guard('rule', CART, 'group: d'),
    );
    assert.deepEqual(groupsOf(result, 0), ['a', 'b', 'd']);
    assert.deepEqual(groupsOf(result, 1), ['a', 'b', 'c']);
    assert.deepEqual(findingsOf(result, 'route'), []);
  });

  test('a Default is replaced by the closest policy of the same name, of whichever precedence', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a, precedence: Default'),
      guard('listener', HTTP, 'group: b, precedence: Default'),
      guard('other', GATEWAY, 'group: x, precedence: Default, name: other'),
      guard('rule', CART, 'group: d, precedence: Default'),
    );
    assert.deepEqual(groupsOf(result, 0), ['x', 'd']);
    assert.deepEqual(groupsOf(result, 1), ['x', 'b']);
  });

  test('of two Defaults at one place the older applies, and the younger is reported', () => {
    const result = run(
      guard('older', GATEWAY, 'group: a, precedence: Default'),
      guard('younger', GATEWAY, 'group: b, precedence: Default'),
    );
    assert.deepEqual(groupsOf(result, 0), ['a']);
    assert.deepEqual(findingsOf(result, 'younger'), ['policy-field-conflict spec.group']);
  });
});

suite('an exemption', () => {
  test('takes the place of a Default, and is explained', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a, precedence: Default'),
      guard('public', CART, 'exempt: true'),
    );
    assert.equal(ruleOf(result, 0).policies, undefined);
    assert.deepEqual(groupsOf(result, 1), ['a']);
    assert.deepEqual(findingsOf(result, 'public'), []);
    const ofEachBackend = 'guard.exempt exempt (public)';
    assert.deepEqual(explained(result, CART_URL, 'guard'), [ofEachBackend, ofEachBackend]);
  });

  test('is replaced by a closer policy', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a, precedence: Default'),
      guard('public', ROUTE, 'exempt: true'),
      guard('rule', CART, 'group: d, precedence: Default'),
    );
    assert.deepEqual(groupsOf(result, 0), ['d']);
    assert.deepEqual(groupsOf(result, 1), []);
  });

  test('under an Override changes nothing, and is an error', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a'),
      guard('listener', HTTP, 'group: b, precedence: Default'),
      guard('public', CART, 'exempt: true'),
    );
    assert.deepEqual(groupsOf(result, 0), ['a', 'b']);
    assert.deepEqual(findingsOf(result, 'public'), ['policy-exemption-refused spec.exempt']);
    const severity = result.findings.find(({ object }) => object.name === 'public')?.severity;
    assert.equal(severity, 'error');
  });

  test('under an Override says so in its status', () => {
    const result = run(guard('gateway', GATEWAY, 'group: a'), guard('public', CART, 'exempt: true'));
    const [ancestor] = statusOf(result, 'public');
    assert.ok(ancestor !== undefined);
    assert.ok(conditionsOf(ancestor.conditions).includes('Accepted True Accepted'));
    const programmed = ancestor.conditions.find(({ type }) => type === 'Programmed');
    assert.equal(programmed?.status, 'False');
  });

  test('that an Override of one listener refuses is an error, although it has an effect on another', () => {
    const result = run(
      guard('gateway', GATEWAY, 'group: a, precedence: Default'),
      guard('listener', `${GATEWAY}, sectionName: tcp`, 'group: b'),
      guard('public', GATEWAY, 'exempt: true'),
    );
    assert.deepEqual(findingsOf(result, 'public'), ['policy-exemption-refused spec.exempt']);
  });
});

suite('a policy that a filter refers to', () => {
  const reference = (name: string): string =>
    `{ type: ExtensionRef, extensionRef: { group: gateway.sluice.dev, kind: GuardPolicy, name: ${name} } }`;
  const route = (ofRule: string, ofBackend: string): string => `
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  rules:
    - name: cart
      matches: [{ path: { value: /cart } }]
      filters: [${ofRule}]
      backendRefs: [{ name: shop, port: 80, filters: [${ofBackend}] }, { name: log, port: 80 }]
    - backendRefs: [{ name: shop, port: 80 }]
`;
  const backendsOf = (result: TranslateResult): readonly (readonly PolicyValue[] | undefined | string)[] => {
    const { action } = ruleOf(result, 0);
    assert.ok(action.kind === 'forward');
    return action.backends.map((one) => (one.kind === 'cluster' ? one.policies : one.reason));
  };

  test('counts at the level of its rule, without targetRefs', () => {
    const result = run(
      { route: route(reference('rule'), '') },
      guard('gateway', GATEWAY, 'group: a, precedence: Default'),
      guard('route', ROUTE, 'group: c, precedence: Default'),
      guard('rule', null, 'group: d, precedence: Default'),
    );
    assert.deepEqual(groupsOf(result, 0), ['d']);
    assert.deepEqual(groupsOf(result, 1), ['c']);
    assert.deepEqual(
      statusOf(result, 'rule').map(({ ancestorRef }) => ancestorRef.name),
      ['web'],
    );
    assert.deepEqual(findingsOf(result, 'rule'), []);
  });

  test('counts at the level of its backendRef', () => {
    const result = run({ route: route('', reference('backend')) }, guard('backend', null, 'group: e'));
    assert.deepEqual(groupsOf(result, 0), []);
    const [first, second] = backendsOf(result);
    assert.deepEqual(typeof first === 'object' && shown(first), [['guard', { groups: ['e'] }, ['backend']]]);
    assert.equal(second, undefined);
  });

  test('that is invalid closes its rule or its backend, and no more', () => {
    const ofRule = run({ route: route(reference('broken'), '') }, guard('broken', null, 'secret: keys'));
    assert.deepEqual(
      [0, 1].map((index) => ruleOf(ofRule, index).action.kind),
      ['fail', 'forward'],
    );
    const ofBackend = run({ route: route('', reference('broken')) }, guard('broken', null, 'secret: keys'));
    assert.deepEqual(backendsOf(ofBackend), ['policy_invalid', undefined]);
  });

  test('that does not exist closes the rule', () => {
    const result = run({ route: route(reference('absent'), '') });
    const { action } = ruleOf(result, 0);
    assert.deepEqual(action.kind === 'fail' && [action.reason, action.message], [
      'invalid_filter',
      'GuardPolicy default/absent does not exist; the rule answers 500.',
    ]);
    assert.deepEqual(findingsOf(result, 'shop'), ['extension-ref spec.rules[0].filters[0].extensionRef']);
  });

  test('that no filter refers to, and that has no target, protects nothing: a warning', () => {
    const result = run(guard('idle', null, 'group: a'));
    assert.deepEqual(findingsOf(result, 'idle'), ['policy-unused spec']);
    assert.equal(
      configOf(result).rules.some(({ policies }) => policies !== undefined),
      false,
    );
  });
});
