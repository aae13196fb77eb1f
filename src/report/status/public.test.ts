import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { STATUS } from '../../../test/support/telemetry-scene.ts';
import type { RouteReport } from '../../admin/status-report.ts';
import { layoutFor } from '../layout.ts';
import { formatPublic } from './public.ts';

const route = (name: string, rules: number, publicRules: readonly string[]): RouteReport => ({
  kind: 'HTTPRoute',
  namespace: 'shop',
  name,
  generation: 1,
  servedSince: null,
  hostnames: name === 'shop' ? ['shop.example'] : [],
  rules,
  samplePath: '/',
  publicRules,
  parents: [],
});
const shown = (...routes: readonly RouteReport[]): readonly string[] =>
  formatPublic({ ...STATUS, routes }, layoutFor(process.stdout)).map((line) =>
    stripVTControlCharacters(line).trimEnd().replaceAll(/ {2,}/g, ' | '),
  );

test('lists routes with public rules, and which rules these are', () => {
  assert.deepEqual(shown(route('shop', 3, ['assets', '2']), route('admin', 1, []), route('www', 1, ['0'])), [
    'PUBLIC ROUTE | RULES | HOSTNAMES',
    'HTTPRoute shop/shop | assets, 2 | shop.example',
    'HTTPRoute shop/www | all | any',
  ]);
});

test('says so where there are none', () => {
  assert.deepEqual(shown(route('admin', 1, [])), ['Every route needs authentication.']);
});
