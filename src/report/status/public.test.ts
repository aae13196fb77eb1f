import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { PublicRoute } from '../../admin/status-report.ts';
import { layoutFor } from '../layout.ts';
import { formatPublic } from './public.ts';

const route = (name: string, rules: number, publicRules: readonly string[]): PublicRoute => ({
  kind: 'HTTPRoute',
  namespace: 'shop',
  name,
  hostnames: name === 'shop' ? ['shop.example'] : [],
  rules,
  publicRules,
});
const shown = (...publicRoutes: readonly PublicRoute[]): readonly string[] =>
  formatPublic({ publicRoutes }, layoutFor(process.stdout)).map((line) =>
    stripVTControlCharacters(line).trimEnd().replaceAll(/ {2,}/g, ' | '),
  );

test('lists routes with public rules, and which rules these are', () => {
  assert.deepEqual(shown(route('shop', 3, ['assets', '2']), route('www', 1, ['0'])), [
    'PUBLIC ROUTE | RULES | HOSTNAMES',
    'HTTPRoute shop/shop | assets, 2 | shop.example',
    'HTTPRoute shop/www | all | any',
  ]);
});

test('says so where there are none', () => {
  assert.deepEqual(shown(), ['Every route needs authentication.']);
});
