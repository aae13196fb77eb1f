import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { renderKindTemplates } from './rbac.ts';

test('the chart has the RBAC rules of the table of kinds (npm run generate)', () => {
  const file = new URL('../../charts/sluice/templates/_kinds.tpl', import.meta.url);
  assert.equal(readFileSync(file, 'utf8'), renderKindTemplates(Object.values(KINDS)));
});
