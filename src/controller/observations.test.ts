import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { ServingProxy } from '../configsync/protocol.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { boundAddresses, observeDataPlane, observeEach } from './observations.ts';

const dataPlane = gatewayDataPlane({ namespace: 'default', name: 'web' });
const config = emptyConfig('web', {
  version: 'v2',
  generation: 2,
  addresses: ['192.0.2.1', '192.0.2.2'],
});

const proxy = (name: string, version: string | null, generation = 2): ServingProxy => ({
  name,
  serving: version === null ? null : { version, generation },
  ports: [],
  refused: null,
  problems: [],
  incompatible: null,
});

const observed = (...proxies: ServingProxy[]): ReturnType<typeof observeDataPlane> =>
  observeDataPlane({ config, proxies, expected: 3, addresses: [] });

suite('observations', () => {
  test('a data plane whose observation throws is left out and reported, and the others are observed', () => {
    const errors: unknown[] = [];
    const logger = { ...SILENT_LOGGER, error: (...said: unknown[]) => errors.push(said) };
    const configs = [config, emptyConfig('broken', {}), emptyConfig('other', {})];
    const seen = observeEach(configs, logger, (one) => {
      if (one.dataPlane === 'gateway/default/broken') throw new Error('a planted defect');
      return observeDataPlane({ config: one, proxies: [], expected: 1, addresses: [] });
    });
    assert.deepEqual(
      seen.map(({ dataPlane }) => dataPlane),
      ['gateway/default/web', 'gateway/default/other'],
    );
    assert.match(JSON.stringify(errors), /observing a data plane failed.*broken.*a planted defect/);
  });

  test('without a serving proxy nothing is acknowledged', () => {
    assert.equal(observed().acknowledged, null);
    assert.equal(observed(proxy('a', null)).acknowledged, null);
  });

  test('the newest generation that any proxy serves counts, with the number of proxies that serve it', () => {
    assert.deepEqual(observed(proxy('a', 'v2'), proxy('b', 'v1', 1)).acknowledged, {
      version: 'v2',
      generation: 2,
      proxies: 1,
      expected: 3,
    });
    assert.deepEqual(observed(proxy('a', 'v0', 1), proxy('b', 'v0', 1)).acknowledged, {
      version: 'v0',
      generation: 1,
      proxies: 2,
      expected: 3,
    });
  });

  test('a route on its way makes no Gateway less programmed', () => {
    const { acknowledged } = observed(proxy('a', 'v1.9'), proxy('b', 'v2'));
    assert.deepEqual([acknowledged?.version, acknowledged?.proxies], ['v2', 2]);
  });

  test('proxies without a version in common with the controller are the trouble, unless there is another', () => {
    const problem = 'The controller speaks version 5 of it, the proxy version 4: upgrade the proxy.';
    const old = (name: string): ServingProxy => ({ ...proxy(name, null), incompatible: problem });
    assert.equal(observed(old('a')).trouble, `1 proxy keeps the previous configuration: ${problem}`);
    const two = observed(old('a'), old('b'), proxy('c', 'v2'));
    assert.equal(two.trouble, `2 proxies keep the previous configuration: ${problem}`);
    assert.equal(two.acknowledged?.proxies, 1);
    const options = { config, proxies: [old('a')], expected: 1, addresses: [], trouble: 'no image' };
    assert.equal(observeDataPlane(options).trouble, 'no image');
  });

  test('the first refusal and each failed port are told, once', () => {
    const port = {
      dataPlane,
      transport: 'tcp' as const,
      port: 80,
      address: '',
      boundPort: null,
      error: 'taken',
    };
    const seen = observed(
      { ...proxy('a', 'v2'), ports: [port, { ...port, port: 81, boundPort: 81, error: null }] },
      { ...proxy('b', 'v1', 1), ports: [port], refused: 'too much' },
    );
    assert.deepEqual(seen.failedPorts, [{ port: 80, message: 'taken' }]);
    assert.equal(seen.refused, 'too much');
  });

  test('rules that proxies cannot serve are told once, in order', () => {
    const problem = (name: string, index: number, message: string) => ({
      dataPlane,
      rule: { kind: 'HTTPRoute', namespace: 'default', name, index },
      message,
    });
    const a = { ...proxy('a', 'v2'), problems: [problem('shop', 1, 'one'), problem('blog', 0, 'two')] };
    const { problems } = observed(a, { ...proxy('b', 'v2'), problems: [problem('shop', 1, 'one')] });
    assert.deepEqual(problems, [
      { route: { kind: 'HTTPRoute', namespace: 'default', name: 'blog' }, rule: 0, message: 'two' },
      { route: { kind: 'HTTPRoute', namespace: 'default', name: 'shop' }, rule: 1, message: 'one' },
    ]);
  });

  test('of the addresses that are asked for, those on which something listens', () => {
    const bound = {
      dataPlane,
      transport: 'tcp' as const,
      port: 80,
      address: '192.0.2.2',
      boundPort: 80,
      error: null,
    };
    assert.deepEqual(boundAddresses(config, [bound, { ...bound, address: '192.0.2.1', error: 'no' }]), [
      { type: 'IPAddress', value: '192.0.2.2' },
    ]);
    assert.deepEqual(
      boundAddresses(config, [
        { ...bound, dataPlane: gatewayDataPlane({ namespace: 'default', name: 'other' }) },
      ]),
      [],
    );
  });
});
