/** What a translation computes again after a change, counted: it does not depend on how many other objects there are. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { suite, test } from 'node:test';
import { EMPTY_SNAPSHOT } from '../../test/support/empty-snapshot.ts';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  serviceObject,
  sliceObject,
} from '../../test/support/kube-cluster.ts';
import type { EndpointSlice } from '../gatewayapi/core-kinds.ts';
import type { HTTPRoute } from '../gatewayapi/generated/types.ts';
import { GATEWAY_GROUP, SLUICE_GROUP } from '../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { FilterKind } from './filter/filter-kind.ts';
import { FILTER_KINDS, filterKinds } from './filter/filter-kinds.ts';
import { requestHeaders } from './filter/header-modifier.ts';
import type { PolicyKind, PolicyObject } from './policy/policy-kind.ts';
import { Translator } from './translate.ts';
import { CONTROLLER_NAME, type TranslateOptions } from './types.ts';

const ROUTES = 400;
/** The one that changes. */
const AT = 200;

const OPTIONS: TranslateOptions = {
  controllerName: CONTROLLER_NAME,
  allClasses: false,
  addresses: 'bind',
  trustedCidrs: [],
  readCertificate: () => ({ ok: false, message: 'there are none here' }),
  validateCaBundle: () => null,
  measureRegex: () => 1,
};

const POLICY: PolicyObject = {
  apiVersion: `${SLUICE_GROUP}/v1alpha1`,
  kind: 'TestPolicy',
  metadata: { namespace: 'default', name: 'all' },
  spec: { targetRefs: [{ group: GATEWAY_GROUP, kind: 'Gateway', name: 'web' }] },
};

interface Cost {
  /** Rules that were read from routes. */
  read: number;
  /** Rules that were lowered. */
  lowered: number;
  /** Texts that were hashed for the version. */
  hashed: number;
}

class Counted {
  readonly cost: Cost = { read: 0, lowered: 0, hashed: 0 };
  readonly #translator: Translator;

  constructor() {
    const { cost } = this;
    const counted: FilterKind<never> = {
      ...requestHeaders,
      validate: (settings, place) => {
        cost.read += 1;
        return requestHeaders.validate?.(settings, place) ?? [];
      },
      lower: (settings, target) => {
        cost.lowered += 1;
        return requestHeaders.lower(settings, target);
      },
    };
    const options: TranslateOptions = {
      ...OPTIONS,
      filterKinds: filterKinds([...FILTER_KINDS.values(), counted]),
      sha256Hex: (text) => {
        cost.hashed += 1;
        return createHash('sha256').update(text).digest('hex');
      },
    };
    this.#translator = new Translator(options);
  }

  translate(snapshot: ResourceSnapshot): Cost {
    Object.assign(this.cost, { read: 0, lowered: 0, hashed: 0 });
    this.#translator.translate(snapshot, { dataPlanes: [] });
    return { ...this.cost };
  }
}

function route(name: string, value: string, hostname = `${name}.example`): HTTPRoute {
  const object = routeObject(name, { gateway: 'web', hostname, service: name }) as unknown as HTTPRoute;
  const set = [{ name: 'x-value', value }];
  const filters = [{ type: 'RequestHeaderModifier' as const, requestHeaderModifier: { set } }];
  const rules = (object.spec.rules ?? []).map((rule) => ({ ...rule, filters }));
  return { ...object, spec: { ...object.spec, rules } };
}

const slice = (name: string, address: string): EndpointSlice =>
  sliceObject(name, [`${address}:80`]) as unknown as EndpointSlice;

const names = Array.from({ length: ROUTES }, (_, at) => `route-${String(at).padStart(4, '0')}`);
const NAME = names[AT] ?? '';
const BASE = {
  ...EMPTY_SNAPSHOT,
  gatewayClasses: [classObject()],
  gateways: [gatewayObject('web')],
  httpRoutes: names.map((name) => route(name, 'a')),
  services: names.map((name) => serviceObject(name)),
  endpointSlices: names.map((name, at) => slice(name, `10.0.${String(at >> 8)}.${String(at & 255)}`)),
  namespaces: [namespaceObject('default')],
} as unknown as ResourceSnapshot;

/** What is computed again after a change, and nothing else. */
const CHANGES: Readonly<
  Record<string, readonly [change: (base: ResourceSnapshot) => Partial<ResourceSnapshot>, cost: Cost]>
> = {
  'a list that has the same objects': [
    ({ httpRoutes }) => ({ httpRoutes: [...httpRoutes] }),
    { read: 0, lowered: 0, hashed: 0 },
  ],
  'a rule: its digest, that of all rules, that of everything but the endpoints': [
    ({ httpRoutes }) => ({ httpRoutes: httpRoutes.with(AT, route(NAME, 'b')) }),
    { read: 1, lowered: 1, hashed: 3 },
  ],
  'a hostname: the host, all hosts, the listener, its port, everything but the endpoints': [
    ({ httpRoutes }) => ({ httpRoutes: httpRoutes.with(AT, route(NAME, 'a', 'new.example')) }),
    { read: 1, lowered: 1, hashed: 5 },
  ],
  'a route that is removed: all hosts, listener, port, all rules, all clusters, all but the endpoints, all endpoints':
    [({ httpRoutes }) => ({ httpRoutes: httpRoutes.toSpliced(AT, 1) }), { read: 0, lowered: 0, hashed: 7 }],
  'endpoints: their digest, that of all endpoints': [
    ({ endpointSlices }) => ({ endpointSlices: endpointSlices.with(AT, slice(NAME, '10.9.9.9')) }),
    { read: 0, lowered: 0, hashed: 2 },
  ],
};

suite(`among ${String(ROUTES)} routes, a change of`, () => {
  for (const [what, [change, cost]] of Object.entries(CHANGES)) {
    test(what, () => {
      const counted = new Counted();
      const first = counted.translate(BASE);
      assert.ok(first.read === ROUTES && first.lowered === ROUTES && first.hashed > 3 * ROUTES);
      assert.deepEqual(counted.translate({ ...BASE, ...change(BASE) }), cost);
    });
  }
});

test(`among ${String(ROUTES)} routes below a policy, a change looks at the policies of its route alone`, () => {
  let looked = 0;
  const kind: PolicyKind = {
    group: SLUICE_GROUP,
    kind: 'TestPolicy',
    objects: () => [POLICY],
    targets: ['Gateway'],
    attachment: { kind: 'inherited' },
    whenInvalid: 'ignored',
    hasReferences: false,
    settings: {
      merge: 'override-fields',
      name: 'test',
      carriers: ['rule', 'backend'],
      fields: {},
      lower: (settings) => settings,
      layersOfRule: () => {
        looked += 1;
        return [];
      },
    },
    read: () => ({ settings: { text: 'a' }, faults: [], referenceFaults: [], warnings: [] }),
  };
  const translator = new Translator({ ...OPTIONS, policyKinds: [kind] });
  const first = translator.translate(BASE, { dataPlanes: [] });
  assert.ok(first.configs[0]?.rules.every(({ policies }) => policies?.length === 1));
  assert.ok(looked >= 2 * ROUTES);
  const whole = looked / ROUTES;
  looked = 0;
  translator.translate(
    { ...BASE, httpRoutes: BASE.httpRoutes.with(AT, route(NAME, 'b')) },
    { dataPlanes: [] },
  );
  assert.equal(looked, whole);
});
