/** What an exception costs: the object at which it was thrown, closed, and nothing else. */
import assert from 'node:assert/strict';
import { EXPLAIN_CONTEXT } from '../support/explain-context.ts';
import { suite, test } from 'node:test';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  serviceObject,
  sliceObject,
} from '../support/kube-cluster.ts';
import type { BackendTLSPolicy, HTTPRoute } from '../../src/gatewayapi/generated/types.ts';
import { markRejected } from '../../src/gatewayapi/rejection.ts';
import type { ResourceSnapshot } from '../../src/gatewayapi/snapshot.ts';
import { originOfDataPlane } from '../../src/ir/data-plane-id.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import { parseRequest } from '../../src/admin/explain/request.ts';
import { explain } from '../../src/proxy/router/explain.ts';
import { compileRegex } from '../../src/proxy/router/regex.ts';
import { assembleSnapshot } from '../../src/provider/file/assemble.ts';
import { Translator } from '../../src/translator/translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from '../../src/translator/types.ts';

const OPTIONS: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex: () => 1,
};

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it saves a cast of every object below.
const object = <Kind>(value: object): Kind => value as Kind;

/** Two rules: /cart and everything. */
const shop = object<HTTPRoute>({
  ...routeObject('shop', { gateway: 'web', hostname: 'shop.example', service: 'shop' }),
  spec: {
    parentRefs: [{ name: 'web' }],
    hostnames: ['shop.example'],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/cart' } }],
        filters: [{ type: 'RequestHeaderModifier', requestHeaderModifier: { remove: ['x'] } }],
        backendRefs: [{ name: 'shop', port: 80 }],
      },
      { matches: [{ path: { type: 'PathPrefix', value: '/' } }], backendRefs: [{ name: 'shop', port: 80 }] },
    ],
  },
});

const BASE: ResourceSnapshot = {
  ...assembleSnapshot([]),
  gatewayClasses: [object(classObject())],
  gateways: [object(gatewayObject('web')), object(gatewayObject('other'))],
  httpRoutes: [
    shop,
    object(routeObject('any', { gateway: 'web', hostname: '*.example', service: 'shop' })),
    object(routeObject('else', { gateway: 'other', hostname: 'else.example', service: 'shop' })),
  ],
  services: [object(serviceObject('shop'))],
  endpointSlices: [object(sliceObject('shop', ['10.0.0.1:80']))],
  namespaces: [object(namespaceObject('default'))],
};

const translate = (snapshot: ResourceSnapshot): TranslateResult =>
  new Translator(OPTIONS).translate(snapshot, { dataPlanes: [] });

/** Reading `name` of a copy of `value` throws. */
function broken<T extends object>(value: T, name: keyof T): T {
  return Object.defineProperty({ ...value }, name, {
    enumerable: true,
    get() {
      throw new Error('planted');
    },
  });
}

const withShop = (change: (spec: HTTPRoute['spec']) => HTTPRoute['spec']): ResourceSnapshot => ({
  ...BASE,
  httpRoutes: [{ ...shop, spec: change(shop.spec) }, ...BASE.httpRoutes.slice(1)],
});

const configOf = ({ configs }: TranslateResult, name: string): GatewayConfig => {
  const found = configs.find(({ dataPlane }) => originOfDataPlane(dataPlane).name === name);
  assert.ok(found !== undefined, name);
  return found;
};

/** What a request to the Gateway `web` comes to. */
function outcome(result: TranslateResult, url: string): string {
  const parsed = parseRequest(url, []);
  assert.ok(parsed.ok);
  const explanation = explain(configOf(result, 'web'), parsed.request, compileRegex, EXPLAIN_CONTEXT);
  assert.ok(explanation !== null, 'the listener is there');
  const { outcome: what, rule, reason } = explanation;
  const by = rule === null ? '' : ` by ${rule.name} ${String(rule.index)}`;
  return `${what}${by}${reason === null ? '' : `: ${reason}`}`;
}

const conditions = (result: TranslateResult, name: string): readonly string[] =>
  result.statuses.flatMap((update) =>
    update.object.name === name && 'parents' in update.status
      ? update.status.parents.flatMap((parent) =>
          parent.conditions.map(({ type, status }) => `${type} ${status}`),
        )
      : [],
  );

const failed = ({ findings }: TranslateResult): readonly string[] =>
  findings
    .filter(({ code }) => code === 'internal-error')
    .map(({ object: { name }, path }) => `${name} ${path}`);

const CART = 'http://shop.example/cart';
const ALL = 'http://shop.example/';

suite('an exception while one object is evaluated', () => {
  const [cart = {}, all = {}] = shop.spec.rules ?? [];

  test('a rule: it answers 500, the others of its route are served', () => {
    const result = translate(withShop((spec) => ({ ...spec, rules: [broken(cart, 'filters'), all] })));
    assert.equal(outcome(result, CART), 'refuse by shop 0: invalid_rule');
    assert.equal(outcome(result, ALL), 'forward by shop 1');
    assert.deepEqual(failed(result), ['shop spec.rules[0]']);
    assert.deepEqual(conditions(result, 'shop'), [
      'Accepted True',
      'PartiallyInvalid True',
      'ResolvedRefs True',
    ]);
  });

  test('a filter of a rule: what the rule matches answers 500', () => {
    const [filter] = cart.filters ?? [];
    assert.ok(filter !== undefined);
    const filters = [broken(filter, 'requestHeaderModifier')];
    const result = translate(withShop((spec) => ({ ...spec, rules: [{ ...cart, filters }, all] })));
    assert.equal(outcome(result, CART), 'refuse by shop 0: invalid_rule');
    assert.equal(outcome(result, ALL), 'forward by shop 1');
    assert.ok(failed(result).includes('shop spec.rules[0]'));
  });

  test('the matches of a rule: all that no more specific rule takes answers 500', () => {
    const result = translate(withShop((spec) => ({ ...spec, rules: [cart, broken(all, 'matches')] })));
    assert.equal(outcome(result, CART), 'forward by shop 0');
    assert.equal(outcome(result, ALL), 'refuse by shop 1: invalid_rule');
  });

  test('all rules: the route keeps its hostnames and answers 500, and no other route gets its requests', () => {
    const result = translate(withShop((spec) => broken(spec, 'rules')));
    assert.equal(outcome(result, CART), 'refuse by shop 0: invalid_rule');
    assert.equal(outcome(result, 'http://other.example/'), 'forward by any 0');
    assert.deepEqual(conditions(result, 'shop'), ['Accepted False', 'ResolvedRefs True']);
    assert.deepEqual(failed(result), ['shop spec']);
  });

  test('its hostnames: the route is not attached, and a finding names it', () => {
    const result = translate(withShop((spec) => broken(spec, 'hostnames')));
    assert.equal(outcome(result, 'http://other.example/'), 'forward by any 0');
    assert.ok(failed(result).includes('shop spec'));
  });

  test('a Gateway: it is not accepted, and the others are served', () => {
    const [web, other] = BASE.gateways;
    assert.ok(web !== undefined && other !== undefined);
    const gateways = [web, { ...other, spec: broken(other.spec, 'listeners') }];
    const result = translate({ ...BASE, gateways });
    assert.equal(outcome(result, CART), 'forward by shop 0');
    assert.ok(failed(result).includes('other '));
    const status = result.statuses.find(
      ({ kind, object: { name } }) => kind === 'Gateway' && name === 'other',
    );
    assert.ok(status?.kind === 'Gateway');
    assert.deepEqual(
      status.status.conditions.map((condition) => `${condition.type} ${condition.status}`).slice(0, 2),
      ['Accepted False', 'Programmed False'],
    );
  });

  test('a BackendTLSPolicy: connections that it wants encrypted are not made in the clear', () => {
    const policy = object<BackendTLSPolicy>({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'BackendTLSPolicy',
      metadata: { name: 'tls', namespace: 'default' },
      spec: {
        targetRefs: [{ group: '', kind: 'Service', name: 'shop' }],
        validation: { hostname: 'shop.example', wellKnownCACertificates: 'System' },
      },
    });
    const good = translate({ ...BASE, backendTlsPolicies: [policy] });
    assert.equal(outcome(good, ALL), 'forward by shop 1');
    const bad = { ...policy, spec: broken(policy.spec, 'validation') };
    const result = translate({ ...BASE, backendTlsPolicies: [bad] });
    assert.deepEqual(configOf(result, 'web').clusters, []);
    assert.ok(failed(result).includes('tls '));
  });

  test('the lowering of a Gateway: what it served before is served on', () => {
    const translator = new Translator(OPTIONS);
    const before = translator.translate(BASE, { dataPlanes: [] });
    const [web, other] = BASE.gateways;
    assert.ok(web !== undefined && other !== undefined);
    // Read when the Gateway is lowered, and by nothing before.
    const gateways = [
      { ...web, spec: { ...web.spec, infrastructure: broken({ labels: {} }, 'labels') } },
      { ...other, metadata: broken(other.metadata, 'generation') },
    ];
    const result = translator.translate({ ...BASE, gateways }, { dataPlanes: [] });
    assert.equal(configOf(result, 'other'), configOf(before, 'other'));
    assert.equal(outcome(result, CART), 'forward by shop 0');
    assert.ok(failed(result).includes('other '));
    assert.deepEqual(
      translator.translate(BASE, { dataPlanes: [] }),
      before,
      'the result is the same as before',
    );
  });
});

suite('an object that does not satisfy its schema', () => {
  const violations = [{ path: 'spec.rules[0].filters', message: 'must be a list' }];

  test('a route: its rules answer 500, and Accepted says why', () => {
    const result = translate({
      ...BASE,
      httpRoutes: [markRejected(shop, violations), ...BASE.httpRoutes.slice(1)],
    });
    assert.equal(outcome(result, CART), 'refuse by shop 0: invalid_rule');
    assert.equal(outcome(result, ALL), 'refuse by shop 1: invalid_rule');
    assert.equal(outcome(result, 'http://other.example/'), 'forward by any 0');
    assert.deepEqual(conditions(result, 'shop'), ['Accepted False', 'ResolvedRefs True']);
    const codes = result.findings.filter(({ object: { name } }) => name === 'shop').map(({ code }) => code);
    assert.ok(codes.includes('invalid-object'));
  });

  test('a Gateway and a class: not accepted', () => {
    const [web, other] = BASE.gateways;
    assert.ok(web !== undefined && other !== undefined);
    const result = translate({ ...BASE, gateways: [web, markRejected(other, violations)] });
    assert.deepEqual(
      result.configs.map(({ dataPlane }) => originOfDataPlane(dataPlane).name),
      ['web'],
    );
  });
});
