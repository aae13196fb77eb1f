/**
 * Kinds of policies that Sluice does not have, added as a contributor adds one: a CRD, one line of the table of kinds, a descriptor and one
 * line of the table of policies. Everything else follows from the descriptor.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { stateFromText } from '../../src/provider/file/load.ts';
import { POLICY_KINDS } from '../../src/translator/policy/policy-kinds.ts';
import { translate } from '../../src/translator/translate.ts';
import {
  banner,
  BASE,
  conditionsOf,
  configOf,
  explained,
  findingsOf,
  GATEWAY,
  guard,
  LOG,
  OPTIONS,
  ROUTE,
  ruleOf,
  run,
  SHOP_ROUTE,
  shown,
  statusOf,
} from './sample-policies.ts';

suite('a new kind of policy that overrides field by field', () => {
  const GATEWAY_BANNER = banner('wide', GATEWAY, 'text: hello, style: { color: red, size: big }');

  test('is inherited from the Gateway by every rule and listener', () => {
    const result = run(GATEWAY_BANNER);
    const value = [['banner', { text: 'hello', color: 'red', size: 'big' }, ['wide']]];
    assert.deepEqual(shown(ruleOf(result, 0).policies), value);
    assert.deepEqual(shown(ruleOf(result, 1).policies), value);
    const listeners = configOf(result).ports.flatMap((port) => port.listeners);
    assert.deepEqual(
      listeners.map(({ policies }) => shown(policies)),
      [value, value],
    );
    assert.equal(ruleOf(result, 0).policies?.[0], ruleOf(result, 1).policies?.[0], 'made once');
  });

  test('is merged with a more specific one, and one for a rule', () => {
    const result = run(
      GATEWAY_BANNER,
      banner('route', ROUTE, 'style: { color: blue }'),
      banner('cart', `${ROUTE}, sectionName: cart`, 'text: cart'),
    );
    assert.deepEqual(shown(ruleOf(result, 0).policies), [
      ['banner', { text: 'cart', color: 'blue', size: 'big' }, ['wide', 'route', 'cart']],
    ]);
    assert.deepEqual(shown(ruleOf(result, 1).policies), [
      ['banner', { text: 'hello', color: 'blue', size: 'big' }, ['wide', 'route']],
    ]);
  });

  test('has a status for each ancestor, and the Gateway and the route say that they are affected', () => {
    const result = run(GATEWAY_BANNER, banner('lost', "group: '', kind: Service, name: away", 'text: x'));
    const [ancestor, ...others] = statusOf(result, 'wide');
    assert.deepEqual(others, []);
    assert.equal(ancestor?.ancestorRef.name, 'web');
    assert.deepEqual(conditionsOf(ancestor.conditions), [
      'Accepted True Accepted',
      'Programmed False Reconciling',
      'ResolvedRefs True ResolvedRefs',
    ]);
    assert.deepEqual(
      statusOf(result, 'lost').map(({ ancestorRef, conditions }) => [
        ancestorRef.name,
        conditionsOf(conditions)[0],
      ]),
      [['away', 'Accepted False TargetNotFound']],
    );
    assert.deepEqual(findingsOf(result, 'lost'), ['policy-target-not-found spec.targetRefs[0]']);
    const affected = result.statuses.flatMap(({ kind, status }) => {
      const conditions =
        'parents' in status
          ? status.parents.flatMap((parent) => parent.conditions)
          : 'conditions' in status
            ? status.conditions
            : [];
      return conditions
        .filter(({ type }) => type === 'gateway.sluice.dev/BannerPolicyAffected')
        .map(({ message }) => `${kind}: ${message}`);
    });
    assert.deepEqual(affected, [
      'Gateway: Affected by BannerPolicy default/wide.',
      'HTTPRoute: Affected by BannerPolicy default/wide.',
      'TCPRoute: Affected by BannerPolicy default/wide.',
    ]);
  });

  test('reports fields that an older policy of the same target, or a closer one, overrides', () => {
    const result = run(
      GATEWAY_BANNER,
      banner('younger', GATEWAY, 'text: bye, style: { color: red }'),
      banner('route', ROUTE, 'style: { size: small }'),
    );
    assert.deepEqual(findingsOf(result, 'younger'), [
      'policy-field-conflict spec.style.color',
      'policy-field-conflict spec.text',
    ]);
    assert.deepEqual(conditionsOf(statusOf(result, 'younger')[0]?.conditions ?? []).slice(0, 1), [
      'Accepted False Conflicted',
    ]);
    assert.deepEqual(shown(ruleOf(result, 0).policies), [
      ['banner', { text: 'hello', color: 'red', size: 'small' }, ['wide', 'route']],
    ]);
  });

  test('that is invalid is ignored and reported', () => {
    const result = run(banner('wrong', GATEWAY, 'text: lorem'));
    assert.equal(ruleOf(result, 0).policies, undefined);
    assert.equal(ruleOf(result, 0).action.kind, 'forward');
    assert.deepEqual(findingsOf(result, 'wrong'), ['banner spec.text']);
    assert.equal(conditionsOf(statusOf(result, 'wrong')[0]?.conditions ?? [])[0], 'Accepted False Invalid');
  });

  test('is explained with the origin of each field', () => {
    const result = run(GATEWAY_BANNER, banner('route', ROUTE, 'style: { color: blue }'));
    assert.deepEqual(explained(result, 'http://shop.example/', 'banner'), [
      'banner.text hello (wide)',
      'banner.style.color blue (route)',
      'banner.style.size big (wide)',
    ]);
  });

  test('that no object has leaves no trace', () => {
    const { configs, statuses } = run();
    const { configs: without, statuses: before } = translate(
      stateFromText(BASE + SHOP_ROUTE, 'all.yaml').snapshot,
      { dataPlanes: [] },
      { ...OPTIONS, policyKinds: POLICY_KINDS },
    );
    assert.deepEqual([configs, statuses], [without, before]);
  });
});

suite('a new kind of policy that adds up', () => {
  test('a route cannot replace what the Gateway asks for, only a default', () => {
    const result = run(
      guard('staff', GATEWAY, 'group: staff, name: team'),
      guard('anyone', GATEWAY, 'group: anyone, precedence: Default, name: door'),
      guard('admins', ROUTE, 'group: admins, name: team'),
      guard('knock', ROUTE, 'group: knockers, name: door'),
    );
    assert.deepEqual(shown(ruleOf(result, 0).policies), [
      ['guard', { groups: ['staff', 'knockers', 'admins'] }, ['staff', 'knock', 'admins']],
    ]);
    assert.deepEqual(findingsOf(result, 'anyone'), []);
    assert.deepEqual(explained(result, 'http://shop.example/', 'guard'), [
      'guard.group {"group":"staff"} (staff)',
      'guard.group {"group":"knockers"} (knock)',
      'guard.group {"group":"admins"} (admins)',
    ]);
  });

  test('is carried by ports, by rules of layer 4, and by backends with policies of their own', () => {
    const result = run(guard('wide', GATEWAY, 'group: staff'), guard('log', LOG, 'group: loggers'));
    const { ports } = configOf(result);
    const ofGateway = ['guard', { groups: ['staff'] }, ['wide']];
    assert.deepEqual(
      ports.map(({ number, policies }) => [number, shown(policies)]),
      [
        [80, [ofGateway]],
        [5432, [ofGateway]],
      ],
    );
    const [tcp] = ports.flatMap((port) => port.listeners).filter(({ kind }) => kind === 'tcp');
    assert.ok(tcp?.kind === 'tcp');
    assert.deepEqual(shown(tcp.rule?.policies), [ofGateway]);
    const { action } = ruleOf(result, 0);
    assert.ok(action.kind === 'forward');
    assert.deepEqual(
      action.backends.map((backend) => backend.kind === 'cluster' && shown(backend.policies)),
      [[ofGateway], [['guard', { groups: ['staff', 'loggers'] }, ['wide', 'log']]]],
    );
  });

  test('closes all that it governs while something that it refers to is missing', () => {
    const result = run(guard('broken', GATEWAY, 'secret: keys'));
    const { action } = ruleOf(result, 0);
    assert.deepEqual(action, {
      kind: 'fail',
      status: 500,
      reason: 'policy_invalid',
      message: 'GuardPolicy default/broken is invalid: No such Secret.',
    });
    const [tcp] = configOf(result)
      .ports.flatMap((port) => port.listeners)
      .filter(({ kind }) => kind === 'tcp');
    assert.ok(tcp?.kind === 'tcp');
    assert.deepEqual(
      tcp.rule?.backends.map((backend) => backend.kind === 'invalid' && backend.reason),
      ['policy_invalid'],
    );
    const [ancestor] = statusOf(result, 'broken');
    assert.deepEqual(conditionsOf(ancestor?.conditions ?? []), [
      'Accepted True Accepted',
      'Programmed False RefNotPermitted',
      'ResolvedRefs False RefNotPermitted',
    ]);
    assert.deepEqual(findingsOf(result, 'broken'), ['guard spec.secret']);
  });

  test('closes no more than its target', () => {
    const ofRule = run(guard('broken', `${ROUTE}, sectionName: cart`, 'secret: keys'));
    assert.deepEqual(
      [0, 1].map((index) => ruleOf(ofRule, index).action.kind),
      ['fail', 'forward'],
    );
    const { action } = ruleOf(run(guard('broken', LOG, 'secret: keys')), 0);
    assert.ok(action.kind === 'forward');
    assert.deepEqual(
      action.backends.map((backend) => (backend.kind === 'invalid' ? backend.reason : backend.kind)),
      ['cluster', 'policy_invalid'],
    );
  });
});
