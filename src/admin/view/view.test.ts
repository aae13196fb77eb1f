/** The view of manifests: what each list says, what a change changes, and what is not computed again. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { mint } from '../../../test/support/certificates.ts';
import { GATEWAY, routeAt as route, ViewLab } from '../../../test/support/view-lab.ts';
import type { ProxyStats } from '../../proxy/proxy-api.ts';
import type { ChangeItem } from '../api/resources.ts';
import { COLLECTIONS } from '../api/collections.ts';
import { RetiredStats } from '../retired-stats.ts';
import type { GatewayView } from './view.ts';

const POLICIES = `---
apiVersion: gateway.sluice.dev/v1alpha1
kind: BackendPolicy
metadata: { name: strict, namespace: default }
spec:
  targetRefs: [{ group: '', kind: Service, name: shop }]
  retry: { attempts: 2 }
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: BackendPolicy
metadata: { name: general, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: Gateway, name: web }]
  retry: { attempts: 5 }
  timeouts: { backendRequest: 3s }
`;

suite('view', () => {
  test('listeners of ListenerSets belong to the Gateway, in the API and in the status', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart'));
    assert.deepEqual(
      view.lists.listeners.map(({ id, gateway, attachedRoutes }) => [id, gateway, attachedRoutes]),
      [
        ['Gateway/default/web/http', 'default/web', 1],
        ['ListenerSet/default/tenant/extra', 'default/web', 1],
      ],
    );
    assert.deepEqual(view.lists.gateways[0]?.listeners, [
      'Gateway/default/web/http',
      'ListenerSet/default/tenant/extra',
    ]);
    assert.deepEqual(
      view.status.gateways.map(({ kind, listeners }) => [kind, listeners.map(({ port }) => port)]),
      [
        ['Gateway', [80]],
        ['ListenerSet', [8080]],
      ],
    );
  });

  test('a route with its rules, backends and their problems', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart'));
    const [shop] = view.lists.routes;
    assert.deepEqual(shop?.gateways, ['default/web']);
    const [rule] = shop.rules;
    assert.deepEqual(
      { name: rule?.name, matches: rule?.matches, filters: rule?.filters, isServed: rule?.isServed },
      {
        name: 'cart',
        matches: [
          {
            path: { type: 'PathPrefix', value: '/cart' },
            method: null,
            headers: [{ type: 'Exact', name: 'x-user', value: 'a' }],
            queryParams: [],
            grpc: null,
          },
        ],
        filters: ['RequestHeaderModifier'],
        isServed: true,
      },
    );
    const [good, bad] = rule?.backends ?? [];
    assert.equal(good?.backend, 'Service/default/shop/http');
    assert.equal(good.problem, null);
    assert.equal(bad?.backend, null);
    assert.match(bad.problem ?? '', /gone/);
    assert.ok(view.lists.backends.some(({ id }) => id === good.backend));
  });

  test('an attachment names the listeners that serve the route, with the hostnames they have in common', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart'));
    assert.deepEqual(
      view.lists.attachments.map(({ id, parent, gateway, listeners }) => ({
        id,
        parent: parent.kind,
        gateway,
        listeners,
      })),
      [
        {
          id: 'HTTPRoute/default/shop/0',
          parent: 'Gateway',
          gateway: 'default/web',
          listeners: [
            { listener: 'Gateway/default/web/http', hostnames: ['shop.example', 'tenant.example'] },
          ],
        },
        {
          id: 'HTTPRoute/default/shop/1',
          parent: 'ListenerSet',
          gateway: 'default/web',
          listeners: [{ listener: 'ListenerSet/default/tenant/extra', hostnames: ['tenant.example'] }],
        },
      ],
    );
  });

  test('a policy says which of its fields apply where, and who overrides the others', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart') + POLICIES);
    const [general, strict] = view.lists.policies;
    assert.deepEqual(strict?.targets, [
      { kind: 'Service', namespace: 'default', name: 'shop', section: null },
    ]);
    assert.deepEqual(
      strict.effects.map(({ field, value, applied }) => [field, value, applied]),
      [['retry.attempts', '2', 1]],
    );
    const attempts = general?.effects.find(({ field }) => field === 'retry.attempts');
    assert.deepEqual(
      attempts?.overridden.map(({ by, backends }) => [by.name, backends]),
      [['strict', 1]],
    );
    const timeout = general?.effects.find(({ field }) => field === 'timeouts.backendRequest');
    assert.equal(timeout?.overridden.length, 0);
    assert.ok(timeout.applied > 0);
  });

  test('a certificate: names, expiry and users, and no key anywhere', async () => {
    const { view, load } = withLoad();
    const { certificatePem, keyPem } = await mint(['shop.example', '*.shop.example']);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const tls = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: secure, namespace: default }
spec:
  gatewayClassName: sluice
  listeners:
    - { name: https, protocol: HTTPS, port: 443, tls: { certificateRefs: [{ name: cert }] } }
---
apiVersion: v1
kind: Secret
metadata: { name: cert, namespace: default }
type: kubernetes.io/tls
data: { tls.crt: ${base64(certificatePem)}, tls.key: ${base64(keyPem)} }
`;
    load(GATEWAY + tls);
    const [certificate] = view.lists.certificates;
    assert.deepEqual(certificate?.names, ['shop.example', '*.shop.example']);
    assert.deepEqual(certificate.listeners, ['Gateway/default/secure/https']);
    assert.ok(Date.parse(certificate.notAfter) > Date.parse(certificate.notBefore));
    assert.match(certificate.fingerprint, /^[0-9a-f]{64}$/);
    const everything = JSON.stringify([
      ...Object.values(COLLECTIONS).map(({ items }) => items(view)),
      view.summary,
      view.status,
    ]);
    const secretLine = keyPem.split('\n')[1] ?? '';
    assert.ok(secretLine.length > 20);
    assert.ok(!everything.includes(secretLine) && !everything.includes(base64(keyPem).slice(0, 60)));
    assert.doesNotMatch(everything, /PRIVATE KEY/);
  });

  test('a revision for each change, with the objects and when every proxy served it; none when nothing changed', () => {
    const { view, load } = withLoad();
    const heard: ChangeItem[] = [];
    const stop = view.subscribe((change) => heard.push(change));
    load(GATEWAY + route('/cart'));
    const first = view.revision;
    load(GATEWAY + route('/basket'), false);
    assert.equal(view.revision, first + 1);
    const [change] = view.changes;
    assert.deepEqual(change?.objects, [
      { kind: 'HTTPRoute', namespace: 'default', name: 'shop', change: 'updated' },
    ]);
    assert.ok(change.collections.includes('routes'));
    assert.equal(change.servedAt, null);
    load(GATEWAY + route('/basket'));
    assert.equal(view.changes.find(({ id }) => id === change.id)?.servedAt, '2026-01-01T00:00:00.000Z');
    const served = view.revision;
    load(GATEWAY);
    assert.equal(view.changes[0]?.objects[0]?.change, 'removed');
    stop();
    load(GATEWAY + route('/again'));
    assert.deepEqual(
      heard.map(({ revision }) => revision),
      [first, first + 1, served, served + 1].filter((each, at, all) => all.indexOf(each) === at),
    );
  });

  test('a change is reported again when every proxy serves it', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart'));
    const heard: ChangeItem[] = [];
    view.subscribe((change) => heard.push(change));
    const moved = GATEWAY.replace('10.0.0.2', '10.0.0.3') + route('/cart');
    load(moved, false);
    const [change] = view.changes;
    assert.equal(change?.servedAt, null);
    load(moved);
    assert.equal(view.changes.find(({ id }) => id === change.id)?.servedAt, '2026-01-01T00:00:00.000Z');
    const collections = heard.at(-1)?.collections;
    assert.ok(collections?.includes('changes'), String(collections));
    assert.equal(heard.at(-1)?.revision, change.revision + 1, 'a validator of the older list is outdated');
  });

  test('health counts as a change when it differs, and not because time passes', async () => {
    const lab = new ViewLab();
    const { view } = lab;
    lab.load(GATEWAY + route('/cart'));
    await view.refresh();
    const { revision } = view;
    lab.nowMs += 5_000;
    await view.refresh();
    assert.equal(view.revision, revision);
    lab.stats = [withUnreachable('10.0.0.2:8080')];
    await view.refresh();
    assert.equal(view.revision, revision + 1);
    assert.deepEqual(view.changes[0]?.collections, ['backends']);
    const [shop] = view.lists.backends;
    assert.deepEqual(
      shop?.endpoints.map(({ endpoint, health, cause }) => [endpoint, health, cause]),
      [
        ['10.0.0.1:8080', 'unchecked', null],
        ['10.0.0.2:8080', 'out', 'connect_failed'],
      ],
    );
  });

  test('the expiry of a certificate is noticed without any change of an object', async () => {
    const lab = new ViewLab();
    const { view } = lab;
    lab.nowMs = Date.now();
    const { certificatePem, keyPem } = await mint(['shop.example']);
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const secret = `---
apiVersion: v1
kind: Secret
metadata: { name: cert, namespace: default }
type: kubernetes.io/tls
data: { tls.crt: ${base64(certificatePem)}, tls.key: ${base64(keyPem)} }
`;
    const https = GATEWAY.replace(
      '{ name: http, protocol: HTTP, port: 80 }',
      '{ name: https, protocol: HTTPS, port: 443, tls: { certificateRefs: [{ name: cert }] } }',
    );
    lab.load(https + secret);
    await view.refresh();
    const { revision } = view;
    assert.equal(view.summary.certificates.expiring, 0);
    lab.nowMs += 400 * 86_400_000;
    await view.refresh();
    assert.equal(view.revision, revision + 1);
    assert.ok(view.lists.findings.some(({ code }) => code === 'certificate-expired'));
    assert.equal(view.summary.certificates.expiring, 1);
  });

  test('a list is computed again only when something that it is made of changed', () => {
    const { view, load } = withLoad();
    load(GATEWAY + route('/cart'));
    const { routes, certificates, backends } = view.lists;
    assert.equal(view.lists.routes, routes);
    load(GATEWAY + route('/basket'));
    assert.notEqual(view.lists.routes, routes);
    const again = view.lists.backends;
    load(GATEWAY + route('/basket'));
    assert.equal(view.lists.backends, again);
    assert.deepEqual([backends.length, certificates.length], [1, 0]);
  });

  test('of many objects the first are named, and the others counted', () => {
    const { view, load } = withLoad();
    const services = Array.from(
      { length: 60 },
      (_, index) => `---
apiVersion: v1
kind: Service
metadata: { name: s${String(index)}, namespace: default }
spec: { ports: [{ port: 80 }] }
`,
    );
    load(GATEWAY + services.join(''));
    const [change] = view.changes;
    assert.equal(change?.objects.length, 50);
    assert.ok(change.moreObjects >= 10);
  });
});

function withLoad(): { readonly view: GatewayView; readonly load: ViewLab['load'] } {
  const lab = new ViewLab();
  return { view: lab.view, load: lab.load.bind(lab) };
}

function withUnreachable(endpoint: string): ProxyStats {
  const origin = { kind: 'Service', namespace: 'default', name: 'shop', section: 'http' };
  const nothing = { connections: 0, pending: 0, requests: 0, retries: 0 };
  const checks = {
    passed: 0,
    connect_failed: 0,
    timeout: 0,
    reset: 0,
    invalid: 0,
    status: 0,
    not_serving: 0,
  };
  return {
    ...new RetiredStats().snapshot(),
    clusters: [
      {
        cluster: 'c',
        origin,
        endpoints: 2,
        connections: 0,
        idleConnections: 0,
        activeRequests: 0,
        connectFailures: 3,
        pendingRequests: 0,
        overflows: nothing,
        openBreakers: [],
        refusedRetries: 0,
        health: {
          out: [],
          isChecked: false,
          unreachable: [{ endpoint, failures: 3, forMs: 100 }],
          reachable: [],
          isPanicking: false,
          ejections: { consecutive_5xx: 0, gateway_errors: 0, success_rate: 0 },
          checks,
        },
      },
    ],
  };
}
