/**
 * Kinds of policies that Sluice does not have, added as a contributor adds one: a CRD, one line of the table of kinds, a descriptor and one
 * line of the table of policies. Everything else follows from the descriptor.
 */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { parse } from 'yaml';
import { compactSchemas } from '../../scripts/generate/compact-schema.ts';
import { readCrd } from '../../scripts/generate/crd.ts';
import { settingsOf } from '../../src/admin/explain/settings.ts';
import { parseRequest } from '../../src/admin/explain/request.ts';
import type { Condition } from '../../src/gatewayapi/condition.ts';
import { POLICY, SLUICE, type KindTable } from '../../src/gatewayapi/kind.ts';
import { KindRegistry, SCHEMAS, type KindSchemas } from '../../src/gatewayapi/kind-registry.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { SLUICE_GROUP } from '../../src/gatewayapi/ref.ts';
import type { SnapshotOf } from '../../src/gatewayapi/snapshot.ts';
import type { PolicyStatus } from '../../src/gatewayapi/status.ts';
import type { PolicyValue } from '../../src/ir/policy-value.ts';
import { stateFromText } from '../../src/provider/file/load.ts';
import { explain } from '../../src/proxy/router/explain.ts';
import { NO_CONTEXT } from '../../src/proxy/router/explain-backends.ts';
import { compileRegex, measureRegex } from '../../src/proxy/router/regex.ts';
import { errorFault } from '../../src/translator/faults/fault.ts';
import type { FaultCodeOf } from '../../src/translator/faults/fault-codes.ts';
import type { PolicyKind, PolicyObject } from '../../src/translator/policy/policy-kind.ts';
import { POLICY_KINDS } from '../../src/translator/policy/policy-kinds.ts';
import { translate } from '../../src/translator/translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from '../../src/translator/types.ts';

const crd = (kind: string, plural: string, properties: string): string => `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: ${plural}.gateway.sluice.dev }
spec:
  group: gateway.sluice.dev
  scope: Namespaced
  names: { kind: ${kind}, plural: ${plural} }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: { type: string }
            kind: { type: string }
            metadata: { type: object }
            spec:
              type: object
              required: [targetRefs]
              properties:
                targetRefs:
                  type: array
                  items:
                    type: object
                    required: [group, kind, name]
                    properties:
                      group: { type: string }
                      kind: { type: string }
                      name: { type: string }
                      sectionName: { type: string }
                ${properties}
            status:
              type: object
              properties: { ancestors: { type: array, items: { type: object } } }
`;

const TABLE = {
  ...KINDS,
  bannerPolicies: { ...SLUICE, ...POLICY, kind: 'BannerPolicy', plural: 'bannerpolicies' },
  guardPolicies: { ...SLUICE, ...POLICY, kind: 'GuardPolicy', plural: 'guardpolicies' },
} as const satisfies KindTable;

const TEXT = '{ type: string }';
const CRDS = [
  crd(
    'BannerPolicy',
    'bannerpolicies',
    `text: ${TEXT}\n                style: { type: object, properties: { color: ${TEXT}, size: ${TEXT} } }`,
  ),
  crd(
    'GuardPolicy',
    'guardpolicies',
    `name: ${TEXT}\n                precedence: ${TEXT}\n                group: ${TEXT}\n                secret: ${TEXT}`,
  ),
].flatMap((text) => readCrd(parse(text), Object.values(TABLE)) ?? []);
const REGISTRY = new KindRegistry(TABLE, { ...SCHEMAS, ...(compactSchemas(CRDS) as KindSchemas) });

interface BannerSettings {
  readonly text?: string;
  readonly style?: { readonly color?: string; readonly size?: string };
}

/** A text above every page: it improves, and a closer policy overrides a farther one field by field. */
const BANNER_POLICY: PolicyKind<PolicyObject & { readonly spec: BannerSettings }, BannerSettings> = {
  group: SLUICE_GROUP,
  kind: 'BannerPolicy',
  objects: (snapshot) => (snapshot as SnapshotOf<typeof TABLE>).bannerPolicies as never,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'Service'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'ignored',
  hasReferences: false,
  settings: {
    merge: 'override-fields',
    name: 'banner',
    carriers: ['rule', 'listener'],
    fields: {},
    lower: ({ text = '', style = {} }: BannerSettings) => (text === '' ? null : { text, ...style }),
  },
  read: ({ spec: { text, style } }) => ({
    settings: { ...(text === undefined ? {} : { text }), ...(style === undefined ? {} : { style }) },
    faults:
      text === 'lorem'
        ? [
            errorFault({
              code: 'banner' as FaultCodeOf<'error'>,
              reason: 'Invalid',
              path: 'spec.text',
              message: 'lorem is not supported.',
            }),
          ]
        : [],
    referenceFaults: [],
    warnings: [],
  }),
};

interface GuardSettings {
  readonly name?: string;
  readonly precedence?: string;
  readonly group?: string;
  readonly secret?: string;
}

/** Lets only members of a group through: it protects, and guards of all levels count. */
const GUARD_POLICY: PolicyKind<PolicyObject & { readonly spec: GuardSettings }, GuardSettings> = {
  group: SLUICE_GROUP,
  kind: 'GuardPolicy',
  objects: (snapshot) => (snapshot as SnapshotOf<typeof TABLE>).guardPolicies as never,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'TCPRoute', 'Service'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: true,
  settings: {
    merge: 'add-up',
    name: 'guard',
    carriers: ['port', 'rule', 'backend'],
    fields: {},
    itemsOf: ({ name = 'guard', precedence, group = '' }: GuardSettings) => [
      { path: 'group', name, isDefault: precedence === 'Default', value: { group } },
    ],
    lower: (groups) => ({ groups: groups.map((one) => (one as { readonly group: string }).group) }),
  },
  read: ({ spec }, { lookup, from }) => {
    const missing = spec.secret !== undefined && lookup.secret(from.namespace, spec.secret) === undefined;
    const fault = errorFault({
      code: 'guard' as FaultCodeOf<'error'>,
      reason: 'RefNotPermitted',
      path: 'spec.secret',
      message: 'No such Secret.',
    });
    const { name = 'guard', precedence = 'Override', group = '' } = spec;
    return {
      settings: missing ? null : { name, precedence, group },
      faults: [],
      referenceFaults: missing ? [fault] : [],
      warnings: [],
    };
  },
};

const OPTIONS: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex,
  policyKinds: [...POLICY_KINDS, BANNER_POLICY, GUARD_POLICY],
};

/** A Gateway `web` with two listeners; a route `shop` to two Services, and a route `db` of TCP. */
const BASE = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: ${CONTROLLER_NAME} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: http, port: 80, protocol: HTTP }
    - { name: tcp, port: 5432, protocol: TCP }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  rules:
    - name: cart
      matches: [{ path: { value: /cart } }]
      backendRefs: [{ name: shop, port: 80 }, { name: log, port: 80 }]
    - backendRefs: [{ name: shop, port: 80 }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: { name: db }
spec:
  parentRefs: [{ name: web, sectionName: tcp }]
  rules: [{ backendRefs: [{ name: shop, port: 80 }] }]
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: log }
spec: { ports: [{ name: http, port: 80 }] }
`;

const GATEWAY = 'group: gateway.networking.k8s.io, kind: Gateway, name: web';
const ROUTE = 'group: gateway.networking.k8s.io, kind: HTTPRoute, name: shop';
const LOG = "group: '', kind: Service, name: log";

/** The later in a list, the younger. */
let age = 0;
function policy(kind: string, name: string, target: string, spec: string): string {
  age += 1;
  const created = new Date(Date.UTC(2024, 0, age)).toISOString().replace('.000Z', 'Z');
  return `
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: ${kind}
metadata: { name: ${name}, creationTimestamp: '${created}' }
spec: { targetRefs: [{ ${target} }], ${spec} }
`;
}
const banner = (name: string, target: string, spec: string): string =>
  policy('BannerPolicy', name, target, spec);
const guard = (name: string, target: string, spec: string): string =>
  policy('GuardPolicy', name, target, spec);

function run(...policies: readonly string[]): TranslateResult {
  const { snapshot, findings } = stateFromText(BASE + policies.join(''), 'all.yaml', REGISTRY);
  assert.deepEqual(findings, []);
  return translate(snapshot, { dataPlanes: [] }, OPTIONS);
}

const configOf = ({ configs }: TranslateResult): TranslateResult['configs'][number] => {
  const [config] = configs;
  assert.ok(config !== undefined);
  return config;
};

/** By kind: what it says, and the policies that it comes from. */
const shown = (values: readonly PolicyValue[] | undefined): unknown =>
  (values ?? []).map(({ kind, settings, from }) => [kind, settings, from.map(({ name }) => name)]);

const ruleOf = (
  result: TranslateResult,
  index: number,
): TranslateResult['configs'][number]['rules'][number] => {
  const rule = configOf(result).rules.find(({ origin }) => origin.name === 'shop' && origin.index === index);
  assert.ok(rule !== undefined);
  return rule;
};

function statusOf({ statuses }: TranslateResult, name: string): PolicyStatus['ancestors'] {
  const update = statuses.find(({ object }) => object.name === name);
  assert.ok(update !== undefined && 'ancestors' in update.status);
  return update.status.ancestors;
}

const conditionsOf = (list: readonly Condition[]): readonly string[] =>
  list.map(({ type, status, reason }) => `${type} ${status} ${reason}`);

const findingsOf = ({ findings }: TranslateResult, name: string): readonly string[] =>
  findings.filter(({ object }) => object.name === name).map(({ code, path }) => `${code} ${path}`);

/** What `explain` prints of this kind for a request, with the origin of each setting. */
function explained(result: TranslateResult, url: string, prefix: string): readonly string[] {
  const parsed = parseRequest(url, []);
  assert.ok(parsed.ok);
  const [policies] = result.policies;
  assert.ok(policies !== undefined);
  const explanation = explain(configOf(result), parsed.request, compileRegex, {
    ...NO_CONTEXT,
    settingsOf: settingsOf(configOf(result), policies, OPTIONS.policyKinds),
  });
  return (explanation?.backends ?? []).flatMap((backend) =>
    backend.settings
      .filter(({ field }) => field.startsWith(prefix))
      .map(({ field, value, from }) => `${field} ${value} (${from?.name ?? 'default'})`),
  );
}

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
      'Gateway: Governed by BannerPolicy default/wide.',
      'HTTPRoute: Governed by BannerPolicy default/wide.',
      'TCPRoute: Governed by BannerPolicy default/wide.',
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
      stateFromText(BASE, 'all.yaml').snapshot,
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
