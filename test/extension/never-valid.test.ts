/** A policy of which no version was ever valid: one that protects closes what it names, others change nothing. Both are reported once. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stateFromText } from '../../src/provider/file/load.ts';
import { translate } from '../../src/translator/translate.ts';
import type { TranslateResult } from '../../src/translator/types.ts';
import {
  banner,
  BASE,
  conditionsOf,
  configOf,
  findingsOf,
  GATEWAY,
  guard,
  OPTIONS,
  REGISTRY,
  ROUTE,
  ruleOf,
  SHOP_ROUTE,
  statusOf,
} from './sample-policies.ts';

const CART = `${ROUTE}, sectionName: cart`;

interface Run {
  readonly result: TranslateResult;
  /** Codes of what reading the text found. */
  readonly reported: readonly string[];
}

function runInvalid(policy: string): Run {
  const { snapshot, findings } = stateFromText(BASE + SHOP_ROUTE + policy, 'all.yaml', REGISTRY);
  const result = translate(snapshot, { dataPlanes: [] }, OPTIONS);
  return { result, reported: findings.map(({ code, path }) => `${code} ${path}`) };
}

const actionsOf = (result: TranslateResult): readonly string[] =>
  [0, 1].map((index) => {
    const { action } = ruleOf(result, index);
    return action.kind === 'fail' ? action.reason : action.kind;
  });

suite('a policy that protects, of which no version was valid', () => {
  test('closes the Gateway that it names, layer 4 included', () => {
    const { result, reported } = runInvalid(guard('broken', GATEWAY, 'group: [staff]'));
    assert.deepEqual(reported, ['wrong-type spec.group']);
    assert.deepEqual(actionsOf(result), ['policy_invalid', 'policy_invalid']);
    const [tcp] = configOf(result)
      .ports.flatMap((port) => port.listeners)
      .filter(({ kind }) => kind === 'tcp');
    assert.ok(tcp?.kind === 'tcp');
    assert.deepEqual(
      tcp.rule?.backends.map((backend) => backend.kind === 'invalid' && backend.reason),
      ['policy_invalid'],
    );
  });

  test('closes no more than what it names', () => {
    const { result } = runInvalid(guard('broken', CART, 'group: [staff]'));
    assert.deepEqual(actionsOf(result), ['policy_invalid', 'forward']);
  });

  test('closes all of an object whose section cannot be read', () => {
    const { result } = runInvalid(guard('broken', `${ROUTE}, sectionName: 5`, 'group: staff'));
    assert.deepEqual(actionsOf(result), ['policy_invalid', 'policy_invalid']);
  });

  test('closes the rule that refers to it', () => {
    const reference = '{ group: gateway.sluice.dev, kind: GuardPolicy, name: broken }';
    const route = SHOP_ROUTE.replace(
      '    - backendRefs',
      `    - filters: [{ type: ExtensionRef, extensionRef: ${reference} }]\n      backendRefs`,
    );
    const text = BASE + route + guard('broken', null, 'group: [staff]');
    const { snapshot } = stateFromText(text, 'all.yaml', REGISTRY);
    const result = translate(snapshot, { dataPlanes: [] }, OPTIONS);
    assert.deepEqual(actionsOf(result), ['forward', 'policy_invalid']);
  });

  test('says so in its status, and has no finding besides that of its text', () => {
    const { result } = runInvalid(guard('broken', GATEWAY, 'group: [staff]'));
    const [ancestor] = statusOf(result, 'broken');
    assert.deepEqual(conditionsOf(ancestor?.conditions ?? []).slice(0, 2), [
      'Accepted False Invalid',
      'Programmed False Invalid',
    ]);
    assert.deepEqual(findingsOf(result, 'broken'), []);
  });
});

test('a policy that improves, of which no version was valid, changes nothing', () => {
  const { result, reported } = runInvalid(banner('broken', GATEWAY, 'text: [hello]'));
  assert.deepEqual(reported, ['wrong-type spec.text']);
  assert.deepEqual(actionsOf(result), ['forward', 'forward']);
  assert.equal(ruleOf(result, 0).policies, undefined);
});

test('BackendTLSPolicy: its backend gets no plain text', () => {
  const { result } = runInvalid(`
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: { name: broken }
spec: { targetRefs: [{ group: '', kind: Service, name: log }], validation: { hostname: 7 } }
`);
  const { action } = ruleOf(result, 0);
  assert.ok(action.kind === 'forward');
  assert.deepEqual(
    action.backends.map(({ kind }) => kind),
    ['cluster', 'invalid'],
  );
});

suite('a target that does not exist', () => {
  for (const [what, target, code] of [
    ['an object', ROUTE.replace('shop', 'shpo'), 'policy-target-not-found'],
    ['a section', `${ROUTE}, sectionName: card`, 'policy-section-not-found'],
    ['a kind that the policy cannot govern', ROUTE.replace('HTTPRoute', 'GRPCRoute'), 'policy-target-kind'],
  ] as const) {
    test(`is an error, because nothing is protected: ${what}`, () => {
      const { result } = runInvalid(guard('typo', target, 'group: staff'));
      const found = result.findings.filter(({ object }) => object.name === 'typo');
      assert.deepEqual(
        found.map((finding) => [finding.code, finding.severity]),
        [[code, 'error']],
      );
      const [ancestor] = statusOf(result, 'typo');
      assert.equal(conditionsOf(ancestor?.conditions ?? [])[0], 'Accepted False TargetNotFound');
    });
  }
});
