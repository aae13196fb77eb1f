import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { BackendPolicySpec } from '../../../gatewayapi/generated/types.ts';
import { readMeasures } from '../../measures.ts';
import type { DescribedBackend, SettingsLayer } from '../policy-settings.ts';
import type { BackendSettings } from './backend-settings.ts';
import { describeSettings } from './describe.ts';
import { POLICY_FIELDS, POLICY_UNITS } from './fields.ts';

type Layer = SettingsLayer<BackendSettings>;

const layer = (name: string, written: Omit<BackendPolicySpec, 'targetRefs'>): Layer => ({
  source: { group: 'gateway.sluice.dev', kind: 'BackendPolicy', namespace: 'demo', name },
  place: name,
  spec: readMeasures(written, POLICY_UNITS).settings,
  written,
});

const backend: DescribedBackend = {
  index: 0,
  checkHost: 'api.demo.svc',
  protocol: 'http1',
};

/** `value by name`, or only the value if it is the default. */
const shown = (layers: readonly Layer[][], about = backend): ReadonlyMap<string, string> =>
  new Map(
    describeSettings(layers, about).map(({ field, value, from }) => [
      field,
      from === null ? value : `${value} by ${from.name}`,
    ]),
  );

suite('settings described', () => {
  test('without policies every block is there once, with its defaults', () => {
    const settings = shown([[]]);
    assert.equal(settings.get('timeouts.request'), '0s');
    assert.equal(settings.get('retry'), 'one other endpoint, if nothing was sent');
    assert.equal(settings.get('healthCheck.active'), 'off');
    assert.equal(settings.get('retry.attempts'), undefined);
    assert.deepEqual(shown([]), settings);
  });

  test('each value with the strongest who says it; what follows from it is worked out', () => {
    const settings = shown([
      [
        layer('gateway', { retry: { attempts: 1, backoff: '100ms' }, timeouts: { backendRequest: '2s' } }),
        layer('service', { retry: { attempts: 3, codes: [503] }, healthCheck: { active: { type: 'HTTP' } } }),
      ],
    ]);
    assert.equal(settings.get('retry.attempts'), '3 by service');
    assert.equal(settings.get('retry.codes'), '[503] by service');
    assert.equal(settings.get('retry.backoff'), '100ms by gateway');
    assert.equal(settings.get('retry.maxBackoff'), '1000ms');
    assert.equal(settings.get('retry.perTryTimeout'), '2s');
    assert.equal(settings.get('healthCheck.active.http.hostname'), 'api.demo.svc');
    assert.equal(settings.get('healthCheck.active.grpc.service'), undefined);
  });

  test('what means nothing to the backend is left out', () => {
    const layers = [[layer('a', { http2: { maxConcurrentStreams: 5 }, connection: { maxRequests: 2 } })]];
    assert.equal(shown(layers).has('http2.maxConcurrentStreams'), false);
    assert.equal(shown(layers, { ...backend, protocol: 'h2' }).get('http2.maxConcurrentStreams'), '5 by a');
  });

  test('null means unlimited, and is shown with its origin', () => {
    const layers = [[layer('a', { circuitBreaker: { maxConnections: null } })]];
    assert.equal(shown(layers).get('circuitBreaker.maxConnections'), 'unlimited by a');
  });

  test('sessions of the first backend that has any are those of all', () => {
    const layers = [
      [layer('first', { sessionPersistence: { sessionName: 's' } })],
      [layer('second', { sessionPersistence: { sessionName: 't' } })],
    ];
    const settings = shown(layers, { ...backend, index: 1 });
    assert.equal(settings.get('sessionPersistence.sessionName'), 's by first');
  });

  test('of all blocks and every kind of backend, no field stays unsaid', () => {
    const everything: Omit<BackendPolicySpec, 'targetRefs'> = {
      retry: {},
      loadBalancer: {
        type: 'ConsistentHash',
        consistentHash: { type: 'Headers', name: 'x' },
        slowStart: { window: '1s' },
        zoneAware: { preferLocal: {} },
      },
      sessionPersistence: {},
      healthCheck: { active: { type: 'HTTP' }, passive: {} },
      proxyProtocol: { version: 'V2' },
    };
    const fields = [...shown([[layer('a', everything)]], { ...backend, protocol: 'h2' }).keys()];
    const unsaid = Object.keys(POLICY_FIELDS).filter((path) => !fields.includes(path));
    assert.deepEqual(unsaid, [
      'connection.tcpKeepalive.interval',
      'connection.tcpKeepalive.probes',
      'healthCheck.active.grpc.service',
      'healthCheck.active.tcp',
    ]);
  });
});
