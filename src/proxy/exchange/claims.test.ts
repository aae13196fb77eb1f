import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimAt, claimName, claimText, hasClaim, type Claims } from './claims.ts';

const CLAIMS: Claims = {
  sub: 'ada',
  admin: true,
  level: 3,
  groups: ['dev', 'ops', 7],
  scope: 'read write',
  text: 'read write',
  realm_access: { roles: ['editor'], deep: { on: null } },
  'https://id.example/groups': ['outer'],
  'a.b': 'exact',
  a: { b: 'nested', c: 'nested' },
};
const has = (name: string, ...values: string[]): boolean =>
  hasClaim(CLAIMS, claimName(name), new Set(values));

test('a claim matches as text, a list by any element', () => {
  assert.equal(has('sub', 'bob', 'ada'), true);
  assert.equal(has('sub', 'ad'), false);
  assert.equal(has('admin', 'true'), true);
  assert.equal(has('level', '3'), true);
  assert.equal(has('groups', 'ops'), true);
  assert.equal(has('groups', '7'), true);
  assert.equal(has('groups', 'dev,ops'), false);
});

test('dots reach into nested claims; a claim of exactly that name comes first', () => {
  assert.equal(has('realm_access.roles', 'editor'), true);
  assert.equal(has('realm_access.missing', 'editor'), false);
  assert.equal(has('https://id.example/groups', 'outer'), true);
  assert.equal(has('a.b', 'exact'), true);
  assert.equal(has('a.b', 'nested'), false);
  assert.equal(has('a.c', 'nested'), true);
});

test('scope matches by its words, other texts do not', () => {
  assert.equal(has('scope', 'write'), true);
  assert.equal(has('scope', 'read write'), false);
  assert.equal(has('text', 'write'), false);
});

test('what every object inherits is no claim, and objects and null match nothing', () => {
  for (const name of ['constructor', '__proto__', 'sub.length', 'groups.length', 'a.constructor.name']) {
    assert.equal(has(name, 'Object', '3', '1'), false, name);
  }
  assert.equal(claimAt(CLAIMS, claimName('toString')), undefined);
  assert.equal(has('realm_access', '[object Object]'), false);
  assert.equal(has('realm_access.deep.on', 'null', ''), false);
  assert.equal(claimText(claimAt(CLAIMS, claimName('groups'))), null);
});
