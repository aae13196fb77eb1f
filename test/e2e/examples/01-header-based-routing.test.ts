import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

const host = 'accounts.example';

test('header-based routing: all headers of a match, or none of it', async (t) => {
  const accounts = await startExample(t, '01-header-based-routing');
  const name = async (headers: Record<string, string>): Promise<string> =>
    (await accounts.echo({ host, headers })).name;

  assert.equal(await name({}), 'default/accounts');
  assert.equal(await name({ 'x-role': 'staff' }), 'default/accounts');
  assert.equal(await name({ 'x-preview': 'on' }), 'default/accounts');
  assert.equal(await name({ 'x-role': 'staff', 'x-preview': 'on' }), 'default/accounts-preview');
  // Names do not depend on case, values do.
  assert.equal(await name({ 'X-ROLE': 'staff', 'X-Preview': 'on' }), 'default/accounts-preview');
  assert.equal(await name({ 'x-role': 'Staff', 'x-preview': 'on' }), 'default/accounts');
});

test('header-based routing: a regular expression, below the rule with more headers', async (t) => {
  const accounts = await startExample(t, '01-header-based-routing');
  const phone = { 'user-agent': 'Mozilla/5.0 (Linux; Android 15)' };
  assert.equal((await accounts.echo({ host, headers: phone })).name, 'default/accounts-mobile');
  const both = { ...phone, 'x-role': 'staff', 'x-preview': 'on' };
  assert.equal((await accounts.echo({ host, headers: both })).name, 'default/accounts-preview');
  const desktop = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64)' };
  assert.equal((await accounts.echo({ host, headers: desktop })).name, 'default/accounts');
});
